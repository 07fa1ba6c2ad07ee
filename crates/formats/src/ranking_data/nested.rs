//! Values of Arrow arrays with nested lists, as nested vectors.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::DataType;

/// A list; `None` is null.
pub(super) type List<T> = Option<Vec<T>>;

/// The lists of an array of lists; `items` reads what is in one.
pub(super) fn lists<T>(array: &dyn Array, items: impl Fn(&dyn Array) -> Vec<T>) -> Vec<List<T>> {
    let Some(array) = array.as_list_opt::<i32>() else { return Vec::new() };
    let list = |index| (!array.is_null(index)).then(|| items(array.value(index).as_ref()));
    (0..array.len()).map(list).collect()
}

/// The texts of an array of bytes.
pub(super) fn texts(array: &dyn Array) -> Vec<Option<Vec<u8>>> {
    let array = array.as_binary_opt::<i32>().into_iter().flatten();
    array.map(|text| text.map(<[u8]>::to_vec)).collect()
}

/// The numbers of an array of floats.
pub(super) fn numbers(array: &dyn Array) -> Vec<Option<f64>> {
    match array.data_type() {
        DataType::Float32 => of_type::<Float32Type>(array),
        _ => of_type::<Float64Type>(array),
    }
}

fn of_type<T: ArrowPrimitiveType>(array: &dyn Array) -> Vec<Option<f64>>
where
    T::Native: Into<f64>,
{
    let array = array.as_primitive_opt::<T>().into_iter().flatten();
    array.map(|number| number.map(Into::into)).collect()
}
