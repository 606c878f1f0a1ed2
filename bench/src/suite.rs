//! A run on one engine, from the empty database to the figures.

use std::sync::Arc;

use crate::arguments::Arguments;
use crate::data::{Filler, Tenant};
use crate::engine::Engine;
use crate::load::{self, Measured, Window};
use crate::prepare::{Prepared, prepare};
use crate::results::{Curve, Disk, Point, Results, Row};
use crate::server::{Home, Server};
use crate::sizes::{CLIENTS, SMALL_USERS, Sizes};
use crate::workload::{Asker, Target, Workload};
use crate::{fairness, limits, log_cost, machine, memory, rows, token_check};

/// Large tenants have so many tokens, which are used once each to see what an unknown one costs.
const TOKENS: usize = 2000;

/// So many deletions are asked for, for each second that is to be measured.
const DELETIONS_PER_SECOND: f64 = 8000.0;

/// Uses of new tokens by each client, for one point.
const NEW_TOKENS_EACH: usize = 500;

/// A run that is going on.
pub(crate) struct Suite<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) sizes: Sizes,
    pub(crate) results: Results,
}

/// Measures everything that was asked for.
pub(crate) async fn run(arguments: &Arguments, engine: Engine) -> Results {
    let sizes = arguments.sizes();
    let mut suite = Suite { arguments, results: Results::new(arguments, engine, &sizes), sizes };
    eprintln!("{}:", engine.name());
    let home = Home::new(engine, &arguments.server());
    let mut filler = Filler::new(&home).await;
    if arguments.wants_all() {
        suite.against_tenants(&home, &mut filler).await;
    }
    let tenants = suite.fill(&home, &mut filler).await;
    suite.results.machine = machine::describe(&home);

    let server = home.start();
    let idle = server.watched.memory();
    let targets: Vec<Arc<Target>> = tenants.iter().map(|tenant| Target::new(&server.address(), tenant)).collect();
    let (large, others) = targets.split_at(suite.sizes.tenants.len());
    let main = large.last().expect("there is a tenant");
    let prepared = prepare(Arc::clone(main), Arc::clone(&others[0]), &suite.sizes).await;
    suite.rows(&server, &prepared).await;
    if arguments.wants_all() {
        let (with_tokens, differing) = others[1..].split_at(others.len() - 1 - log_cost::SETTINGS.len());
        suite.curves(&server, large, with_tokens, &prepared).await;
        suite.results.log_costs = log_cost::run(&suite.sizes, &server, differing).await;
        suite.results.fairness = fairness::run(&suite.sizes, &server, large).await;
        suite.results.memory = Some(memory::run(&suite.sizes, &server, main, idle).await);
    }
    suite.delete(&server, main).await;
    let samples = limits::samples(&prepared).await;
    server.stop();

    eprintln!("  limits");
    suite.results.limits = limits::measure(&suite, &home, &prepared, &samples).await;
    if arguments.wants_all() {
        suite.results.token_check = Some(token_check::run(&suite.sizes, engine, arguments, &filler).await);
        suite.results.disk = Some(suite.created_on_disk(engine, suite.results.disk.as_ref()).await);
    }
    suite.results
}

impl Suite<'_> {
    /// Curves against the number of tenants: they come step by step.
    async fn against_tenants(&mut self, home: &Home, filler: &mut Filler) {
        let workloads = [
            (rows::GET, Workload::Get),
            (rows::USER_NAME, Workload::UserName),
            (rows::FIRST_PAGE, Workload::FirstPage),
            (rows::PATCH, Workload::Patch),
        ];
        let mut curves = workloads.map(|(name, workload)| (Curve::new("tenants", name), workload));
        let mut tenants: Vec<Tenant> = Vec::new();
        for count in self.sizes.tenant_counts.clone() {
            let more: Vec<Tenant> = (tenants.len()..count).map(|_| filler.tenant(SMALL_USERS, 1)).collect();
            filler.fill(home, &more).await;
            tenants.extend(more);
            let server = home.start();
            // The clients are of tenants all over the place.
            let step = tenants.len().div_ceil(CLIENTS);
            let targets: Vec<_> =
                tenants.iter().step_by(step).map(|tenant| Target::new(&server.address(), tenant)).collect();
            for (curve, workload) in &mut curves {
                let askers = (0..CLIENTS).map(|client| Asker::new(&targets[client % targets.len()], workload, client));
                let measured = load::run(askers.collect(), self.point(), &server.watched).await;
                eprintln!("  {}, tenants {count}: {}", curve.name, measured.line());
                curve.points.push(Point { at: count, measured });
            }
            server.stop();
        }
        self.results.curves.extend(curves.map(|(curve, _)| curve));
    }

    /// The large tenants, the largest last; one for groups; those with many tokens; and those that differ in what
    /// the request log keeps.
    async fn fill(&mut self, home: &Home, filler: &mut Filler) -> Vec<Tenant> {
        let mut tenants: Vec<Tenant> =
            self.sizes.tenants.iter().map(|users| filler.tenant(*users, TOKENS.min(*users))).collect();
        let before = home.bytes_on_disk();
        filler.fill(home, &tenants).await;
        let users: usize = tenants.iter().map(|tenant| tenant.users).sum();
        let imported = home.bytes_on_disk().saturating_sub(before) as f64 / users as f64;
        self.results.disk = Some(Disk { imported, created: 0.0, document: filler.document_bytes() });
        let members = *self.sizes.groups.last().expect("there is a group");
        let mut others = vec![filler.tenant(2 * members, 1)];
        if self.arguments.wants_all() {
            others.extend(self.sizes.tokens.iter().map(|tokens| filler.tenant(SMALL_USERS, *tokens)));
            let users = self.sizes.tenants[(self.sizes.tenants.len() - 1) / 2];
            let wanting = |setting| Tenant { request_log: Some(setting), ..filler.tenant(users, 1) };
            others.extend(log_cost::SETTINGS.map(wanting));
        }
        filler.fill(home, &others).await;
        tenants.extend(others);
        tenants
    }

    /// The table, without deletions, which come last.
    async fn rows(&mut self, server: &Server, prepared: &Prepared) {
        for (name, workload) in rows::all(prepared) {
            self.row(server, prepared.target(&workload), name, &workload).await;
            if name == rows::GET {
                self.row(server, &prepared.main, rows::HTTP2_GET, &Workload::Http2Get).await;
            }
        }
    }

    async fn delete(&mut self, server: &Server, main: &Arc<Target>) {
        self.row(server, main, rows::DELETE, &Workload::Delete).await;
    }

    async fn row(&mut self, server: &Server, target: &Arc<Target>, name: &str, workload: &Workload) {
        if !self.arguments.wants(name) {
            return;
        }
        for clients in self.sizes.clients.clone() {
            // More bulk requests would only wait for each other.
            let clients =
                if *workload == Workload::Bulk { clients.min(self.sizes.bulks).min(CLIENTS) } else { clients };
            if self.results.row(name, clients).is_some() {
                continue;
            }
            let window = match workload {
                Workload::Bulk => Window::Rounds(self.sizes.bulks.div_ceil(clients)),
                Workload::Delete => Window::Rounds(self.deletions(target) / clients),
                _ if clients == CLIENTS => Window::of_seconds(self.sizes.seconds),
                _ => self.point(),
            };
            let askers = (0..clients).map(|client| Asker::new(target, workload, client));
            let measured = load::run(askers.collect(), window, &server.watched).await;
            eprintln!("  {name}: {}", measured.line());
            self.results.rows.push(Row { name: name.to_owned(), measured });
        }
    }

    async fn curves(
        &mut self,
        server: &Server,
        large: &[Arc<Target>],
        with_tokens: &[Arc<Target>],
        prepared: &Prepared,
    ) {
        let deep = |target: &Target| Workload::Index(target.tenant.users * 9 / 10);
        for (name, workload) in rows::by_tenant_size() {
            self.curve(server, "users", name, large, |target| (target.tenant.users, workload.clone())).await;
        }
        self.curve(server, "users", rows::INDEX, large, |target| (target.tenant.users, deep(target))).await;
        self.curve(server, "tokens", rows::GET, with_tokens, |target| (target.tenant.tokens, Workload::Get)).await;
        let many = with_tokens.iter().filter(|target| target.tenant.tokens >= CLIENTS * 2).cloned();
        let many: Vec<Arc<Target>> = many.collect();
        self.curve(server, "tokens", rows::NEW_TOKEN, &many, |target| (target.tenant.tokens, Workload::NewToken)).await;

        let same = |target: &Arc<Target>, points: usize| vec![Arc::clone(target); points];
        let (main, grouped) = (&prepared.main, &prepared.grouped);
        let mut groups = prepared.groups.iter();
        let member = |(size, id): &(usize, String)| (*size, Workload::Member(id.clone()));
        self.curve(server, "members", rows::MEMBER, &same(grouped, groups.len()), |_| member(groups.next().unwrap()))
            .await;
        let mut groups = prepared.groups.iter();
        let group = |(size, id): &(usize, String)| (*size, Workload::Group(id.clone()));
        self.curve(server, "members", rows::GROUP, &same(grouped, groups.len()), |_| group(groups.next().unwrap()))
            .await;
        let mut pages = prepared.cursors.iter();
        let page = |(at, cursor): &(usize, String)| (*at, Workload::Page(cursor.clone()));
        self.curve(server, "depth", rows::PAGE, &same(main, pages.len()), |_| page(pages.next().unwrap())).await;
        let mut pages = prepared.cursors.iter();
        let index = |at: usize| (at, Workload::Index(at));
        self.curve(server, "depth", rows::INDEX, &same(main, pages.len()), |_| index(pages.next().unwrap().0)).await;
    }

    /// A point for each of `targets`.
    async fn curve(
        &mut self,
        server: &Server,
        against: &str,
        name: &str,
        targets: &[Arc<Target>],
        mut point: impl FnMut(&Target) -> (usize, Workload),
    ) {
        let mut curve = Curve::new(against, name);
        for target in targets {
            let (at, workload) = point(target);
            let askers = (0..CLIENTS).map(|client| Asker::new(target, &workload, client));
            let window = match workload {
                Workload::NewToken => Window::Rounds((target.tenant.tokens / CLIENTS - 1).min(NEW_TOKENS_EACH)),
                _ => self.point(),
            };
            let measured = load::run(askers.collect(), window, &server.watched).await;
            eprintln!("  {name}, {against} {at}: {}", measured.line());
            curve.points.push(Point { at, measured });
        }
        if !curve.points.is_empty() {
            self.results.curves.push(curve);
        }
    }

    /// How many users are deleted for one row: there are only so many.
    fn deletions(&self, main: &Target) -> usize {
        let there = (main.tenant.users - main.lasting()) / self.sizes.clients.len();
        there.min((self.sizes.seconds * DELETIONS_PER_SECOND) as usize)
    }

    fn point(&self) -> Window {
        Window::of_seconds(self.sizes.point_seconds)
    }

    /// What users take that came one by one and not by import.
    async fn created_on_disk(&self, engine: Engine, imported: Option<&Disk>) -> Disk {
        let home = Home::new(engine, &self.arguments.server());
        let mut filler = Filler::new(&home).await;
        let tenant = filler.tenant(0, 1);
        filler.fill(&home, std::slice::from_ref(&tenant)).await;
        let before = home.bytes_on_disk();
        let server = home.start();
        let target = Target::new(&server.address(), &tenant);
        memory::create(&target, self.sizes.created).await;
        server.stop();
        home.settle();
        let created = home.bytes_on_disk().saturating_sub(before) as f64 / self.sizes.created as f64;
        Disk { created, ..imported.expect("it was measured when they were imported").clone() }
    }
}

impl Curve {
    fn new(against: &str, name: &str) -> Self {
        Self { against: against.to_owned(), name: name.to_owned(), points: Vec::new() }
    }
}

impl Measured {
    /// For people who wait.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} clients, {:.0}/s, p50 {:.2} ms, p99 {:.2} ms, {:.4} s of CPU per 1,000",
            self.clients, self.per_second, self.p50_ms, self.p99_ms, self.cpu
        )
    }
}

impl Results {
    fn new(arguments: &Arguments, engine: Engine, sizes: &Sizes) -> Self {
        Self {
            engine,
            commit: arguments.commit.clone().unwrap_or_else(machine::commit),
            machine: machine::Machine::default(),
            sizes: sizes.name.to_owned(),
            users: sizes.main(),
            rows: Vec::new(),
            limits: Vec::new(),
            curves: Vec::new(),
            token_check: None,
            memory: None,
            disk: None,
            fairness: Vec::new(),
            log_costs: Vec::new(),
        }
    }
}
