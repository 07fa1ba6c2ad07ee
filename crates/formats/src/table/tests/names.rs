//! Case: one name in several spellings.

use std::path::Path;

use crate::table::names::{Found, NameIndex, Respelling, same_name_nfc};

#[test]
fn each_difference_is_ignored_in_its_turn() {
    let photos = NameIndex::new(["Bru\u{308}cke.jpg", "a.jpg", "sub/b.jpg", "sub/C.JPG", "caf\u{e9}/d.jpg"])
        .in_folder(Path::new("/data/photos"));
    for (name, found) in [
        ("a.jpg", Found::AsWritten(1)),
        ("Bru\u{308}cke.jpg", Found::AsWritten(0)),
        ("Br\u{fc}cke.jpg", Found::Respelled(0, Respelling::Unicode)),
        ("cafe\u{301}/d.jpg", Found::Respelled(4, Respelling::Unicode)),
        ("./a.jpg", Found::Respelled(1, Respelling::Path)),
        ("sub//b.jpg", Found::Respelled(2, Respelling::Path)),
        ("sub/./b.jpg", Found::Respelled(2, Respelling::Path)),
        ("./Br\u{fc}cke.jpg", Found::Respelled(0, Respelling::Path)),
        ("sub\\b.jpg", Found::Respelled(2, Respelling::Backslashes)),
        (".\\sub\\b.jpg", Found::Respelled(2, Respelling::Backslashes)),
        ("/data/photos/a.jpg", Found::Respelled(1, Respelling::Folder)),
        ("/data/photos//sub/b.jpg", Found::Respelled(2, Respelling::Folder)),
        ("\\data\\photos\\sub\\b.jpg", Found::Respelled(2, Respelling::Folder)),
        ("file:///data/photos/a.jpg", Found::Respelled(1, Respelling::Url)),
        ("file://localhost/data/photos/Br%C3%BCcke.jpg", Found::Respelled(0, Respelling::Url)),
        ("FILE:/data/photos/caf%C3%A9/d.jpg", Found::Respelled(4, Respelling::Url)),
        (" a.jpg\u{a0}", Found::Respelled(1, Respelling::Blanks)),
        (" /data/photos/a.jpg", Found::Respelled(1, Respelling::Blanks)),
        ("a.JPG", Found::Respelled(1, Respelling::Extension)),
        ("sub\\c.jpg", Found::Nothing),
        ("sub/C.jpg", Found::Respelled(3, Respelling::Extension)),
        ("A.jpg", Found::Nothing),
        ("b.jpg", Found::Nothing),
        ("/other/photos/a.jpg", Found::Nothing),
        ("/data/photos2/a.jpg", Found::Nothing),
        ("../photos/a.jpg", Found::Nothing),
        ("a.jpeg", Found::Nothing),
        ("", Found::Nothing),
    ] {
        assert_eq!(photos.find(name), found, "{name:?}");
    }
}

#[test]
fn the_folder_as_it_was_given_is_ignored_too() {
    let photos = NameIndex::new(["a.jpg", "photos/a.jpg"]).in_folder(Path::new("trip/photos/"));
    assert_eq!(photos.find("trip/photos/a.jpg"), Found::Respelled(0, Respelling::Folder));
    assert_eq!(photos.find("./trip/photos/a.jpg"), Found::Respelled(0, Respelling::Folder));
    assert_eq!(photos.find("photos/a.jpg"), Found::AsWritten(1));
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().canonicalize().unwrap().join("a.jpg");
    let photos = NameIndex::new(["a.jpg"]).in_folder(folder.path());
    assert_eq!(photos.find(inside.to_str().unwrap()).index(), Some(0));
}

#[test]
fn what_fits_several_photos_finds_none_and_says_so() {
    let photos = NameIndex::new(["a.JPG", "a.Jpg", "Bru\u{308}cke.jpg", "Br\u{fc}cke.jpg", "x", "x"]);
    let found = photos.find("a.jpg");
    assert_eq!(found, Found::Ambiguous([0, 1], Respelling::Extension));
    assert_eq!(found.index(), None);
    assert_eq!(
        photos.explain("a.jpg", found).unwrap(),
        "\"a.jpg\" may be \"a.JPG\" or \"a.Jpg\": write the name as one of them"
    );
    // Both forms are there: each is found by its bytes, and a third spelling by none.
    assert_eq!(photos.find("Br\u{fc}cke.jpg"), Found::AsWritten(3));
    assert_eq!(photos.find("Bru\u{308}cke.jpg"), Found::AsWritten(2));
    assert_eq!(photos.find("./Br\u{fc}cke.jpg"), Found::Ambiguous([2, 3], Respelling::Path));
    assert_eq!(photos.find("x"), Found::AsWritten(4));
    assert_eq!((photos.len(), photos.is_empty(), photos.name(4)), (6, false, Some("x")));
    assert!(NameIndex::new(Vec::<String>::new()).find("a").index().is_none());
}

#[test]
fn names_are_compared_by_text() {
    assert!(same_name_nfc("Bru\u{308}cke", "Br\u{fc}cke"));
    assert!(same_name_nfc("\u{212b}", "\u{c5}"));
    assert!(!same_name_nfc("Brucke", "Br\u{fc}cke"));
}
