//! What went otherwise than the product needs, and what the product would do about it.

use serde_json::{Value, json};

use super::Product;
use crate::answer::{Answer, Silence};
use crate::report::Shown;

/// Something that a product needs from an answer.
#[derive(Debug)]
pub(crate) struct Need {
    /// A name that stays, such as `probe-empty`.
    pub(crate) id: &'static str,
    /// What the answer must be.
    pub(crate) wanted: &'static str,
    /// What comes of another answer.
    pub(crate) otherwise: Otherwise,
}

/// What an unmet need leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// The integration cannot be saved or started.
    NotConnected,
    /// What it was doing for this person or group fails.
    Fails,
    /// It takes somebody else for this person.
    WrongOne,
    /// It does not find who is there, and creates them again or fails on it.
    NotFound,
    /// It believes that it was done.
    Drifts,
    /// An import is incomplete, or does not end.
    Import,
    /// The administrator sees less than could be seen; it goes on.
    Noted,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The product works on, but it is worth knowing.
    Noted,
    /// The product is stuck, or does the wrong thing.
    Stuck,
}

/// One thing that is not as the product needs it, however often it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A name that stays, such as `probe-empty`.
    pub id: &'static str,
    /// The kind of step in which it was seen first.
    pub step: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was seen.
    pub saw: String,
    /// What the product wants.
    pub wanted: &'static str,
    /// What the product does then.
    pub next: String,
    /// How often it was seen.
    pub times: usize,
    /// The first request and answer that show it.
    pub exchange: Shown,
}

impl Finding {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "step": self.step,
            "severity": self.severity.name(),
            "saw": self.saw,
            "wanted": self.wanted,
            "next": self.next,
            "times": self.times,
            "exchange": self.exchange.to_json(),
        })
    }
}

impl Severity {
    /// `stuck` or `noted`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Noted => "noted",
        }
    }
}

impl Otherwise {
    pub(crate) fn severity(self, product: Product) -> Severity {
        match self {
            Self::Noted => Severity::Noted,
            // It reads no pages when it provisions.
            Self::Import if product == Product::Entra => Severity::Noted,
            Self::NotConnected | Self::Fails | Self::WrongOne | Self::NotFound | Self::Drifts | Self::Import => {
                Severity::Stuck
            }
        }
    }

    /// What the product does, in words. The status decides before the need: a product that is refused
    /// does not look at the body.
    pub(crate) fn next(self, product: Product, answer: &Result<Answer, Silence>) -> String {
        let status = answer.as_ref().map(|answer| answer.status);
        let words = match (product, status) {
            (_, Ok(429)) => product.when_busy(),
            (_, Ok(401 | 403)) if self != Self::Noted => product.when_refused(),
            (_, Ok(500..)) if self != Self::Noted => product.when_broken(),
            (_, Err(_)) => product.when_silent(),
            (_, Ok(_)) => self.words(product),
        };
        words.to_owned()
    }

    fn words(self, product: Product) -> &'static str {
        match (self, product) {
            (Self::NotConnected, Product::Okta) => {
                "Okta's connection test fails, and the administrator cannot save the integration."
            }
            (Self::NotConnected, Product::Entra) => {
                "Test Connection fails, and provisioning cannot be started; a job that runs goes into quarantine: \
                 one attempt a day, and off after four weeks."
            }
            (Self::Fails, Product::Okta) => {
                "The task fails. Okta shows the detail of the answer to the administrator, who has to retry it."
            }
            (Self::Fails, Product::Entra) => {
                "Entra writes a failure to its provisioning log and tries again in the next cycle, about 40 minutes \
                 later, then less often. When much of a cycle fails, the job goes into quarantine: one attempt a day, \
                 and off after four weeks."
            }
            (Self::WrongOne, Product::Okta) => {
                "Okta takes the account that it is shown for this person's, links the two, and overwrites its profile."
            }
            (Self::WrongOne, Product::Entra) => {
                "Entra takes the account that it is shown for this person's, and overwrites its attributes."
            }
            (Self::NotFound, Product::Okta | Product::Entra) => {
                "It creates who is there already: a second account, or a conflict that comes back at each attempt."
            }
            (Self::Drifts, Product::Okta) => {
                "Okta believes that it was done and does not send it again until the profile or group changes next."
            }
            (Self::Drifts, Product::Entra) => {
                "Entra believes that it was done and does not send it again until the attribute changes next or the \
                 job is restarted."
            }
            (Self::Import, Product::Okta) => {
                "The import misses people or groups, or shows some twice; who is missed is created a second time."
            }
            (Self::Import, Product::Entra) => {
                "Microsoft's SCIM validator fails, which it must pass before it can be in the gallery; provisioning \
                 itself reads no pages."
            }
            (Self::Noted, Product::Okta | Product::Entra) => "It goes on.",
        }
    }
}

impl Product {
    fn when_busy(self) -> &'static str {
        match self {
            Self::Okta => {
                "Okta reads whole seconds in Retry-After and nothing else: it waits 5 minutes, then twice as long each \
                 time, at most 10 attempts."
            }
            Self::Entra => "Entra slows down, and tries again in a later cycle what was not done in this one.",
        }
    }

    fn when_refused(self) -> &'static str {
        match self {
            Self::Okta => "Okta tells the administrator that the API credentials are not good; every task fails.",
            Self::Entra => {
                "Entra takes the credentials for bad: the job goes into quarantine, one attempt a day, and off after \
                 four weeks."
            }
        }
    }

    fn when_broken(self) -> &'static str {
        match self {
            Self::Okta => "The task fails, and has to be retried, by Okta or by the administrator.",
            Self::Entra => {
                "Entra tries again in the next cycle, then less often; when much of a cycle fails, the job goes into \
                 quarantine."
            }
        }
    }

    fn when_silent(self) -> &'static str {
        match self {
            Self::Okta => "Okta gives up on the request after 60 seconds; the task fails.",
            Self::Entra => "Entra gives up on the request and tries again in the next cycle.",
        }
    }
}
