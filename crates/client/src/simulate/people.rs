//! The people and groups of a simulation: the same for the same seed.

use std::collections::BTreeSet;

use crate::random::Random;

/// A person who is to have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) user_name: String,
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    pub(crate) external_id: String,
    pub(crate) title: &'static str,
    pub(crate) department: &'static str,
    pub(crate) phone: String,
    /// A placeholder, as Okta makes one.
    pub(crate) password: String,
}

impl Person {
    pub(crate) fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// A group, and who is in it: indexes of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Team {
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) members: BTreeSet<usize>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Company {
    pub(crate) people: Vec<Person>,
    pub(crate) teams: Vec<Team>,
    /// Stands in every name, so that ours can be told from others.
    pub(crate) mark: String,
    /// A GUID that nobody has, for connection tests.
    pub(crate) stranger: String,
}

// Letters that are not ASCII, blanks, apostrophes and signs that a URL must encode: names that occur.
const GIVEN: [&str; 12] =
    ["Ana", "Björn", "Chloé", "Dmitri", "Efua", "Farid", "Grace", "Hiro", "Inés", "Jonas", "Kavya", "Zoë"];
const FAMILY: [&str; 10] =
    ["Okafor", "O'Malley", "van der Berg", "Müller", "Nguyen", "Smith", "Ćosić", "Díaz", "Tanaka", "Andersson"];
const TITLES: [&str; 4] = ["Engineer", "Analyst", "Lead, R&D", "Manager"];
const DEPARTMENTS: [&str; 4] = ["Sales", "Tour Operations", "Research + Development", "IT"];
const TEAMS: [&str; 5] = ["Staff", "Tour Guides", "R&D", "Vertrieb Süd", "All \"hands\""];
const TEAMS_OF_A_PERSON_MAX: usize = 3;

impl Company {
    pub(crate) fn new(seed: u64, users: usize, groups: usize) -> Self {
        let mut random = Random::new(seed);
        let mark = format!("{:08x}", random.next() >> 32);
        let people: Vec<Person> = (0..users).map(|number| person(&mut random, number, &mark)).collect();
        let mut teams: Vec<Team> = (0..groups).map(|number| team(&mut random, number, &mark)).collect();
        // A group may be empty, but a company of one person has that person in one.
        for (number, _) in people.iter().enumerate().filter(|_| groups > 0) {
            for _ in 0..=random.below(TEAMS_OF_A_PERSON_MAX) {
                let team = random.below(groups);
                teams[team].members.insert(number);
            }
        }
        let stranger = random.uuid();
        Self { people, teams, mark, stranger }
    }
}

fn person(random: &mut Random, number: usize, mark: &str) -> Person {
    let (given_name, family_name) = (random.pick(&GIVEN), random.pick(&FAMILY));
    // One in eight has an address with a sign that a query must encode.
    let plus = if random.below(8) == 0 { "+o'neil" } else { "" };
    Person {
        user_name: format!("User{number}{plus}.{mark}@simulated.example"),
        given_name,
        family_name,
        external_id: random.uuid(),
        title: random.pick(&TITLES),
        department: random.pick(&DEPARTMENTS),
        phone: format!("+1 555 {:07}", random.below(10_000_000)),
        password: format!("{:08x}aA1!", random.next() >> 32),
    }
}

fn team(random: &mut Random, number: usize, mark: &str) -> Team {
    let name = format!("{} {number} {mark}", random.pick(&TEAMS));
    Team { name, external_id: random.uuid(), members: BTreeSet::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_company_and_another_seed_another() {
        let company = Company::new(7, 20, 3);

        assert_eq!(company, Company::new(7, 20, 3));
        assert_ne!(company.mark, Company::new(8, 20, 3).mark);
        assert_eq!((company.people.len(), company.teams.len()), (20, 3));
    }

    #[test]
    fn names_are_told_apart_without_case() {
        let company = Company::new(1, 200, 20);

        let names: BTreeSet<String> = company.people.iter().map(|person| person.user_name.to_lowercase()).collect();
        let teams: BTreeSet<String> = company.teams.iter().map(|team| team.name.to_lowercase()).collect();

        assert_eq!((names.len(), teams.len()), (200, 20));
    }

    #[test]
    fn everybody_is_in_a_group_when_there_is_one() {
        let company = Company::new(3, 10, 2);

        assert!((0..10).all(|person| company.teams.iter().any(|team| team.members.contains(&person))));
        assert!(Company::new(3, 10, 0).teams.is_empty());
    }
}
