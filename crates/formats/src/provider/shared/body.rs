//! Reading request bodies: typed access that knows where it stands, so that a wrong type is named by its place.
//!
//! It says what is wrong in no vendor's words; each codec words a [`Problem`] as its vendor does.

use serde_json::{Map, Value};

use crate::exchange::RawRequest;

/// Why a body cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Problem {
    /// Not JSON, or not the form that it says it is; the parser's reason.
    Malformed(String),
    /// JSON, but not an object.
    NotAnObject,
    /// A member that must be there is not.
    Missing(&'static str),
    /// A value of the wrong type.
    WrongType { path: Path, wanted: &'static str, got: &'static str },
    /// The vendor's rule for one parameter is broken; `message` says it all.
    Refused { message: &'static str },
}

/// From the body down to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider) struct Path(Vec<Step<String>>);

impl Path {
    /// The way to a member of the body.
    pub(in crate::provider) fn to(name: &str) -> Path {
        Path(vec![Step::Key(name.to_owned())])
    }

    /// `messages[0].content`
    pub(in crate::provider) fn bracketed(&self) -> String {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => text.extend([".", key]),
                Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
            }
        }
        text
    }

    /// `messages.0.content`
    pub(in crate::provider) fn dotted(&self) -> String {
        self.joined(".")
    }

    /// `messages/0/content`
    pub(in crate::provider) fn slashed(&self) -> String {
        self.joined("/")
    }

    fn joined(&self, between: &str) -> String {
        let steps = self.0.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        });
        steps.collect::<Vec<_>>().join(between)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step<K> {
    Key(K),
    Index(usize),
}

/// The body of a request as JSON.
///
/// # Errors
/// It is not JSON.
pub(in crate::provider) fn json(raw: &RawRequest) -> Result<&Value, Problem> {
    raw.json().ok_or_else(|| {
        let reason = serde_json::from_slice::<Value>(&raw.body).err();
        Problem::Malformed(reason.map_or_else(|| "not JSON".to_owned(), |error| error.to_string()))
    })
}

/// A value and the way to it. Paths are only put together when something is wrong.
#[derive(Clone, Copy)]
pub(in crate::provider) struct Place<'v, 'p> {
    value: &'v Value,
    way: Option<(&'p Place<'v, 'p>, Step<&'v str>)>,
}

impl<'v> Place<'v, '_> {
    /// The whole body, which must be an object.
    pub(in crate::provider) fn body(value: &'v Value) -> Result<Place<'v, 'v>, Problem> {
        if value.is_object() { Ok(Place { value, way: None }) } else { Err(Problem::NotAnObject) }
    }

    /// The value itself.
    pub(in crate::provider) fn value(&self) -> &'v Value {
        self.value
    }

    /// A member of an object; `None` when it is absent or null, and for anything that is no object.
    pub(in crate::provider) fn member<'a>(&'a self, key: &'v str) -> Option<Place<'v, 'a>> {
        let value = self.value.get(key).filter(|value| !value.is_null())?;
        Some(Place { value, way: Some((self, Step::Key(key))) })
    }

    /// A member that must be text if it is there.
    pub(in crate::provider) fn text(&self, key: &'v str) -> Result<Option<&'v str>, Problem> {
        self.member(key).map(|place| place.value.as_str().ok_or_else(|| place.is_not("a string"))).transpose()
    }

    /// A member that must be true or false if it is there.
    pub(in crate::provider) fn flag(&self, key: &'v str) -> Result<Option<bool>, Problem> {
        self.member(key).map(|place| place.value.as_bool().ok_or_else(|| place.is_not("a boolean"))).transpose()
    }

    /// Members that must be texts if they are there.
    pub(in crate::provider) fn texts(&self, keys: &[&'v str]) -> Result<(), Problem> {
        keys.iter().try_for_each(|key| self.text(key).map(drop))
    }

    /// A member that must be an object if it is there.
    pub(in crate::provider) fn object_at(&self, key: &'v str) -> Result<(), Problem> {
        self.member(key).map_or(Ok(()), |place| place.object().map(drop))
    }

    /// Members that must be numbers if they are there.
    pub(in crate::provider) fn numbers(&self, keys: &[&'v str]) -> Result<(), Problem> {
        let wrong = keys.iter().filter_map(|key| self.member(key)).find(|place| !place.value.is_number());
        wrong.map_or(Ok(()), |place| Err(place.is_not("a number")))
    }

    /// A member that must be a list of objects if it is there; each goes to `visit`.
    pub(in crate::provider) fn objects(
        &self,
        key: &'v str,
        visit: impl FnMut(&Place<'v, '_>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        match self.member(key) {
            Some(place) if place.value.is_array() => place.each_object(visit),
            Some(place) => Err(place.is_not("an array of objects")),
            None => Ok(()),
        }
    }

    /// Visits the items of a list, which must be objects.
    pub(in crate::provider) fn each_object(&self, mut visit: impl FnMut(&Place<'v, '_>) -> Result<(), Problem>) -> Result<(), Problem> {
        for (index, value) in self.value.as_array().into_iter().flatten().enumerate() {
            let item = Place { value, way: Some((self, Step::Index(index))) };
            item.object()?;
            visit(&item)?;
        }
        Ok(())
    }

    /// The value as an object.
    pub(in crate::provider) fn object(&self) -> Result<&'v Map<String, Value>, Problem> {
        self.value.as_object().ok_or_else(|| self.is_not("an object"))
    }

    /// The complaint that this value is not what was wanted.
    pub(in crate::provider) fn is_not(&self, wanted: &'static str) -> Problem {
        let mut steps = Vec::new();
        let mut place = self;
        while let Some((parent, step)) = &place.way {
            steps.push(match step {
                Step::Key(key) => Step::Key((*key).to_owned()),
                Step::Index(index) => Step::Index(*index),
            });
            place = parent;
        }
        steps.reverse();
        Problem::WrongType { path: Path(steps), wanted, got: kind(self.value) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
