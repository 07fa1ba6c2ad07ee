//! `adapter_config.json`: what is understood, what changes nothing, and what is refused.

use serde_json::{Map, Value};

use crate::error::NetworkError;
use crate::qwen2_vl::tensor_names::PROJECTIONS;

/// Largest rank that is believed.
const MOST_RANK: usize = 4096;

/// Fields that would change what the adapter computes; they must be absent, null, false or empty.
const REFUSED: &[&str] = &[
    "use_dora",
    "use_qalora",
    "lora_bias",
    "fan_in_fan_out",
    "layer_replication",
    "layers_to_transform",
    "layers_pattern",
    "exclude_modules",
    "target_parameters",
    "trainable_token_indices",
    "megatron_config",
    "alora_invocation_tokens",
    "arrow_config",
];

/// Fields that change nothing once training is done, or that are looked at one by one.
const HARMLESS: &[&str] = &[
    "alpha_pattern",
    "auto_mapping",
    "base_model_name_or_path",
    "bias",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "inference_mode",
    "init_lora_weights",
    "loftq_config",
    "lora_alpha",
    "lora_dropout",
    "lora_ga_config",
    "megatron_core",
    "modules_to_save",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "r",
    "rank_pattern",
    "revision",
    "target_modules",
    "task_type",
    "use_rslora",
];

/// Starts that leave the base weights as they are. Others (`pissa`, `olora`, `loftq`, `corda`) subtract something from
/// them, so that the adapter does not fit the published base model.
const HARMLESS_STARTS: &[&str] = &["gaussian", "eva", "orthogonal"];

/// The module that may be saved whole.
const VALUE_HEAD: &str = "value_head";

/// What the file says, checked.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) rank: usize,
    pub(super) alpha: f64,
    pub(super) rank_stabilised: bool,
    pub(super) dropout: f64,
    pub(super) target_modules: Vec<String>,
    pub(super) base_model_name: Option<String>,
    /// Whether the value head comes along.
    pub(super) value_head: bool,
}

impl Settings {
    /// Parses and checks. `file` is for messages.
    pub(super) fn parse(file: &str, json: &str) -> Result<Self, NetworkError> {
        let object: Map<String, Value> =
            serde_json::from_str(json).map_err(|error| NetworkError::Config {
                file: file.into(),
                field: format!("line {}", error.line()),
                why: error.to_string(),
            })?;
        let reader = Reader { file, object: &object };
        if reader.word("peft_type")? != Some("LORA") {
            let found = reader.get("peft_type").unwrap_or(&Value::Null);
            return Err(reader.refuse("peft_type", format!("{found} is not supported, only \"LORA\"")));
        }
        reader.refuse_features()?;
        let rank = reader.number("r")?;
        if rank.fract() != 0.0 {
            return Err(reader.bad("r", format!("{rank} is not a whole number")));
        }
        let settings = Self {
            rank: rank.max(0.0) as usize,
            alpha: reader.number("lora_alpha")?,
            rank_stabilised: reader.flag("use_rslora")?,
            dropout: if reader.get("lora_dropout").is_some() { reader.number("lora_dropout")? } else { 0.0 },
            target_modules: reader.target_modules()?,
            base_model_name: reader.word("base_model_name_or_path")?.map(str::to_owned),
            value_head: reader.value_head()?,
        };
        reader.refuse_patterns("rank_pattern", settings.rank as f64)?;
        reader.refuse_patterns("alpha_pattern", settings.alpha)?;
        settings.checked(file)
    }

    /// Refuses numbers that make no sense and modules that are not known; sorts the modules.
    pub(super) fn checked(mut self, file: &str) -> Result<Self, NetworkError> {
        let bad = |field: &str, why: String| {
            Err(NetworkError::UnsupportedAdapter { file: file.into(), field: field.into(), why })
        };
        if !(1..=MOST_RANK).contains(&self.rank) {
            return bad("r", format!("{} is not in 1..={MOST_RANK}", self.rank));
        }
        // The scale is at most this much, and a number of 32 bits.
        if !(self.alpha as f32).is_finite() {
            return bad("lora_alpha", format!("{} is not a finite number of 32 bits", self.alpha));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return bad("lora_dropout", format!("{} is not in 0..1", self.dropout));
        }
        self.target_modules.sort();
        self.target_modules.dedup();
        let known = PROJECTIONS.map(|(_, name)| name);
        if let Some(other) = self.target_modules.iter().find(|name| !known.contains(&name.as_str())) {
            return bad("target_modules", format!("{other:?} is not supported, only {}", known.join(", ")));
        }
        if self.target_modules.is_empty() && !self.value_head {
            return bad("target_modules", "there are none".into());
        }
        Ok(self)
    }

    /// The file for them: the fields of PEFT 0.15.
    pub(super) fn to_json(&self) -> Value {
        serde_json::json!({
            "alpha_pattern": {},
            "auto_mapping": null,
            "base_model_name_or_path": self.base_model_name,
            "bias": "none",
            "corda_config": null,
            "eva_config": null,
            "exclude_modules": null,
            "fan_in_fan_out": false,
            "inference_mode": true,
            "init_lora_weights": true,
            "layer_replication": null,
            "layers_pattern": null,
            "layers_to_transform": null,
            "loftq_config": {},
            "lora_alpha": whole(self.alpha),
            "lora_bias": false,
            "lora_dropout": self.dropout,
            "megatron_config": null,
            "megatron_core": "megatron.core",
            "modules_to_save": self.value_head.then_some([VALUE_HEAD]),
            "peft_type": "LORA",
            "r": self.rank,
            "rank_pattern": {},
            "revision": null,
            "target_modules": self.target_modules,
            "task_type": null,
            "trainable_token_indices": null,
            "use_dora": false,
            "use_rslora": self.rank_stabilised,
        })
    }
}

/// A number as PEFT writes it: an alpha of 32 is an integer there.
fn whole(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

struct Reader<'a> {
    file: &'a str,
    object: &'a Map<String, Value>,
}

impl<'a> Reader<'a> {
    fn get(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    /// For a field that makes no sense.
    fn bad(&self, field: &str, why: impl Into<String>) -> NetworkError {
        NetworkError::Config { file: self.file.into(), field: field.into(), why: why.into() }
    }

    /// For a field that makes sense, but not here.
    fn refuse(&self, field: &str, why: impl Into<String>) -> NetworkError {
        NetworkError::UnsupportedAdapter { file: self.file.into(), field: field.into(), why: why.into() }
    }

    fn number(&self, field: &str) -> Result<f64, NetworkError> {
        let value = self.get(field).ok_or_else(|| self.bad(field, "the field is missing"))?;
        value.as_f64().ok_or_else(|| self.bad(field, format!("{value} is not a number")))
    }

    fn word(&self, field: &str) -> Result<Option<&'a str>, NetworkError> {
        match self.get(field) {
            None => Ok(None),
            Some(Value::String(word)) => Ok(Some(word)),
            Some(other) => Err(self.bad(field, format!("{other} is not a text"))),
        }
    }

    fn flag(&self, field: &str) -> Result<bool, NetworkError> {
        match self.get(field) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(self.bad(field, format!("{other} is neither true nor false"))),
        }
    }

    /// Everything that would change what the adapter computes, fields unknown here included.
    fn refuse_features(&self) -> Result<(), NetworkError> {
        for (field, value) in self.object {
            if is_off(value) || HARMLESS.contains(&field.as_str()) {
                continue;
            }
            let why = if REFUSED.contains(&field.as_str()) {
                format!("{} is not supported, only plain LoRA", shortened(value))
            } else {
                format!("is not a setting that is known here, and it is on: {}", shortened(value))
            };
            return Err(self.refuse(field, why));
        }
        match self.word("bias")? {
            None | Some("none") => {}
            Some(other) => {
                return Err(self.refuse("bias", format!("{other:?} is not supported, only \"none\"")));
            }
        }
        match self.get("init_lora_weights") {
            None | Some(Value::Bool(_)) => Ok(()),
            Some(Value::String(start)) if HARMLESS_STARTS.contains(&start.as_str()) => Ok(()),
            Some(other) => Err(self.refuse(
                "init_lora_weights",
                format!("{other} changes the base weights; convert the adapter to plain LoRA when saving it"),
            )),
        }
    }

    /// A pattern may stand there only if it says what holds anyway.
    fn refuse_patterns(&self, field: &str, common: f64) -> Result<(), NetworkError> {
        let Some(value) = self.get(field) else { return Ok(()) };
        let object = value.as_object().ok_or_else(|| self.bad(field, format!("{value} is not an object")))?;
        match object.iter().find(|(_, value)| value.as_f64() != Some(common)) {
            None => Ok(()),
            Some((name, value)) => {
                let why = format!("{name}: {value} differs from the common {common}, which is not supported");
                Err(self.refuse(field, why))
            }
        }
    }

    fn target_modules(&self) -> Result<Vec<String>, NetworkError> {
        match self.get("target_modules") {
            None => Err(self.bad("target_modules", "the field is missing")),
            Some(Value::String(pattern)) => Err(self.refuse(
                "target_modules",
                format!("the pattern {pattern:?} is not supported, only a list of names"),
            )),
            Some(other) => names(other)
                .ok_or_else(|| self.bad("target_modules", format!("{other} is not a list of names"))),
        }
    }

    fn value_head(&self) -> Result<bool, NetworkError> {
        let Some(value) = self.get("modules_to_save") else { return Ok(false) };
        let names = names(value)
            .ok_or_else(|| self.bad("modules_to_save", format!("{value} is not a list of names")))?;
        match names.iter().find(|name| *name != VALUE_HEAD) {
            Some(other) => {
                Err(self
                    .refuse("modules_to_save", format!("{other:?} is not supported, only {VALUE_HEAD:?}")))
            }
            None => Ok(!names.is_empty()),
        }
    }
}

fn names(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Whether a setting says "not used".
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// The value, for a message: whole tables have been found in these files.
fn shortened(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain("...".chars()).collect() }
}
