//! Vectors in the forms that Cohere gives them in (Cohere's API reference, "Embed", `embedding_types`), for every vendor
//! that serves its models.
//!
//! Fixtures hold one list of numbers a vector, and every form is derived from it: `int8` has 127 steps to either side of
//! 0, `uint8` lies 128 higher, `ubinary` packs eight signs a byte, the first in the highest bit, `binary` lies 128 lower,
//! `base64` has four bytes a number, little-endian. Numbers that are steps already (whole, and one of them beyond 1) are
//! taken as they are.

use serde_json::{Map, Value, json};

use super::collapse::{says_something, short, unsayable};
use super::{embeddings, embeddings_collapse};
use crate::exchange::Unsayable;

/// A form of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Form {
    Float,
    Int8,
    Uint8,
    Binary,
    Ubinary,
    Base64,
}

impl Form {
    /// Every form, the one that says most first.
    const ALL: [(Form, &'static str); 6] = [
        (Form::Float, "float"),
        (Form::Base64, "base64"),
        (Form::Int8, "int8"),
        (Form::Uint8, "uint8"),
        (Form::Ubinary, "ubinary"),
        (Form::Binary, "binary"),
    ];

    /// The form of this name.
    pub(in crate::provider) fn named(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|(_, known)| *known == name).map(|(form, _)| form)
    }

    fn name(self) -> &'static str {
        Form::ALL.into_iter().find(|(form, _)| *form == self).map_or("float", |(_, name)| name)
    }

    fn say(self, vector: &[f64]) -> Value {
        match self {
            Form::Float => json!(vector),
            Form::Int8 => json!(steps(vector)),
            Form::Uint8 => steps(vector).into_iter().map(|step| step + 128).collect(),
            Form::Ubinary => json!(signs(vector)),
            Form::Binary => signs(vector).into_iter().map(|byte| i64::from(byte) - 128).collect(),
            Form::Base64 => embeddings::packed(vector).into(),
        }
    }

    fn read(self, value: &Value) -> Option<Vec<f64>> {
        let numbers = || value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
        let bytes = |lift: f64| Some(numbers()?.into_iter().map(|number| number + lift).collect::<Vec<f64>>());
        let vector = match self {
            Form::Float | Form::Int8 => numbers(),
            Form::Uint8 => bytes(-128.0),
            Form::Ubinary => bytes(0.0).and_then(|bytes| unpacked(&bytes)),
            Form::Binary => bytes(128.0).and_then(|bytes| unpacked(&bytes)),
            Form::Base64 => embeddings_collapse::unpacked(value.as_str()?),
        };
        vector.filter(|vector| !vector.is_empty())
    }
}

/// The numbers in 127 steps to either side of 0.
fn steps(vector: &[f64]) -> Vec<i64> {
    let whole = vector.iter().all(|number| number.fract() == 0.0 && (-128.0..=127.0).contains(number));
    let scale = if whole && vector.iter().any(|number| number.abs() > 1.0) { 1.0 } else { 127.0 };
    #[expect(clippy::cast_possible_truncation, reason = "within -128 to 127")]
    let step = |number: &f64| (number * scale).round().clamp(-128.0, 127.0) as i64;
    vector.iter().map(step).collect()
}

/// Eight signs a byte.
fn signs(vector: &[f64]) -> Vec<u8> {
    let byte = |part: &[f64]| (0..8).fold(0, |byte, bit| byte << 1 | u8::from(part.get(bit).is_some_and(|number| *number > 0.0)));
    vector.chunks(8).map(byte).collect()
}

/// 1 for each sign that is set, -1 for the others.
fn unpacked(bytes: &[f64]) -> Option<Vec<f64>> {
    let mut signs = Vec::with_capacity(bytes.len() * 8);
    for byte in bytes {
        if byte.fract() != 0.0 || !(0.0..=255.0).contains(byte) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within a byte, checked on the line above")]
        let byte = *byte as u8;
        signs.extend((0..8).rev().map(|bit| if byte >> bit & 1 == 1 { 1.0 } else { -1.0 }));
    }
    Some(signs)
}

/// The forms that a request asks for: `float` where it does not say.
pub(in crate::provider) fn asked(body: &Value) -> Option<Vec<Form>> {
    match body.get("embedding_types") {
        None | Some(Value::Null) => Some(vec![Form::Float]),
        Some(Value::Array(names)) if names.is_empty() => Some(vec![Form::Float]),
        Some(Value::Array(names)) => names.iter().map(|name| Form::named(name.as_str()?)).collect(),
        Some(_) => None,
    }
}

/// Vectors in each of these forms.
pub(in crate::provider) fn say(forms: &[Form], vectors: &[&[f64]]) -> Value {
    let list = |form: &Form| (form.name().to_owned(), vectors.iter().map(|vector| form.say(vector)).collect());
    Value::Object(forms.iter().map(list).collect::<Map<String, Value>>())
}

/// The vectors in an answer: those of the form that says most, if the others follow from them.
pub(in crate::provider) fn read(given: &Value) -> Result<Vec<Vec<f64>>, Unsayable> {
    // Without `embedding_types`, older versions answer with a plain list of floats.
    let plain = given.is_array().then(|| json!({ "float": given }));
    let given = plain.as_ref().unwrap_or(given);
    let members = || given.as_object().into_iter().flatten().filter(|(_, list)| says_something(list));
    let best = Form::ALL.into_iter().find_map(|(form, name)| Some((form, given.get(name).filter(|list| says_something(list))?)));
    let (best, list) = best.ok_or_else(|| unsayable("the body holds no embeddings"))?;
    let vectors: Option<Vec<Vec<f64>>> = list.as_array().and_then(|list| list.iter().map(|item| best.read(item)).collect());
    let vectors = vectors.ok_or_else(|| unsayable("an embedding is not what its type says"))?;
    for (name, list) in members() {
        let form = Form::named(name).ok_or_else(|| unsayable(format!("embeddings of type `{}`", short(name))))?;
        let follows = || vectors.iter().map(|vector| form.say(vector)).collect::<Value>() == *list;
        if form != Form::Float && !follows() {
            return Err(unsayable(format!("the `{name}` embeddings are not those of one vector of `{}`", best.name())));
        }
    }
    Ok(vectors)
}
