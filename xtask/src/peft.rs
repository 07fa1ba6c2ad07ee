//! `cargo xtask peft`: are adapters that we save read by PEFT? Apart from `test`, because PyTorch is a large download.

use crate::run::{cargo, run};
use crate::setup;

const PACKAGES: [&str; 4] = ["torch==2.11.0", "torchvision==0.26.0", "transformers==4.52.4", "peft==0.15.1"];

/// Makes a Python environment in the cache, once, and runs the round trip with it.
///
/// # Errors
/// Python is missing, the packages cannot be fetched, or the round trip fails.
pub(crate) fn peft() -> anyhow::Result<()> {
    let environment = setup::cache()?.join("peft");
    let python = setup::python_with(&environment, &PACKAGES, "PyTorch, transformers and PEFT (some 3 GB)")?;
    let mut test = cargo();
    test.args(["test", "--package", "georanker-nets", "--test", "lora_python", "--", "--ignored"]);
    test.env("GEORANKER_PEFT_PYTHON", &python);
    run("the round trip through PEFT", &mut test)
}
