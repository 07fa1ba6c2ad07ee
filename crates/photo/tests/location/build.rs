//! Builds photos with every kind of location metadata, right and wrong.

use std::io::Write;

/// The value of a TIFF field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Ascii(&'static str),
    /// Bytes of this type, as they are.
    Bytes(u16, Vec<u8>),
    Short(Vec<u16>),
    Long(Vec<u32>),
    SignedLong(Vec<i32>),
    Rational(Vec<(u32, u32)>),
    SignedRational(Vec<(i32, i32)>),
    Float(Vec<f32>),
    Double(Vec<f64>),
}

impl Value {
    /// Type, count and bytes.
    fn encode(&self, big: bool) -> (u16, usize, Vec<u8>) {
        let two = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let four = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let eight = |n: u64| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        match self {
            Self::Ascii(text) => (2, text.len() + 1, [text.as_bytes(), b"\0"].concat()),
            Self::Bytes(kind, bytes) => (*kind, bytes.len(), bytes.clone()),
            Self::Short(all) => (3, all.len(), all.iter().flat_map(|n| two(*n)).collect()),
            Self::Long(all) => (4, all.len(), all.iter().flat_map(|n| four(*n)).collect()),
            Self::SignedLong(all) => {
                (9, all.len(), all.iter().flat_map(|n| four(n.cast_unsigned())).collect())
            }
            Self::Rational(all) => {
                (5, all.len(), all.iter().flat_map(|(a, b)| [four(*a), four(*b)]).flatten().collect())
            }
            Self::SignedRational(all) => {
                let parts = all.iter().flat_map(|(a, b)| [a.cast_unsigned(), b.cast_unsigned()]);
                (10, all.len(), parts.flat_map(four).collect())
            }
            Self::Float(all) => (11, all.len(), all.iter().flat_map(|n| four(n.to_bits())).collect()),
            Self::Double(all) => (12, all.len(), all.iter().flat_map(|n| eight(n.to_bits())).collect()),
        }
    }
}

/// Degrees, minutes and hundredths of seconds.
pub(crate) fn dms(degrees: u32, minutes: u32, hundredths: u32) -> Value {
    Value::Rational(vec![(degrees, 1), (minutes, 1), (hundredths, 100)])
}

/// The Eiffel Tower: 48.858267, 2.2945.
pub(crate) fn eiffel() -> Vec<(u16, Value)> {
    gps(("N", dms(48, 51, 2976)), ("E", dms(2, 17, 4020)))
}

/// The fields of a GPS tag.
pub(crate) fn gps(latitude: (&'static str, Value), longitude: (&'static str, Value)) -> Vec<(u16, Value)> {
    vec![
        (0, Value::Bytes(1, vec![2, 3, 0, 0])),
        (1, Value::Ascii(latitude.0)),
        (2, latitude.1),
        (3, Value::Ascii(longitude.0)),
        (4, longitude.1),
    ]
}

/// A TIFF structure with a GPS tag, and its flaws.
#[derive(Clone)]
pub(crate) struct Tiff {
    pub(crate) big_endian: bool,
    /// Added to the number of entries of the main directory and of the GPS tag.
    pub(crate) more: u16,
    pub(crate) more_gps: u16,
    pub(crate) next: u32,
    pub(crate) next_gps: u32,
    /// The type that the GPS pointer claims.
    pub(crate) pointer: u16,
    /// Whether the value of the pointer is written as 16 bits.
    pub(crate) short_pointer: bool,
    pub(crate) gps: Vec<(u16, Value)>,
    /// Fields of the main directory.
    pub(crate) main: Vec<(u16, Value)>,
    pub(crate) without_gps: bool,
}

impl Tiff {
    pub(crate) fn new(gps: Vec<(u16, Value)>) -> Self {
        Self {
            big_endian: false,
            more: 0,
            more_gps: 0,
            next: 0,
            next_gps: 0,
            pointer: 4,
            short_pointer: false,
            gps,
            main: vec![(0x0112, Value::Short(vec![1]))],
            without_gps: false,
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let two = |n: u16| if self.big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let four = |n: u32| if self.big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let main_count = self.main.len() + usize::from(!self.without_gps);
        let gps_at = 8 + 2 + 12 * main_count + 4;
        let gps_length = if self.without_gps { 0 } else { 2 + 12 * self.gps.len() + 4 };
        let mut values: Vec<u8> = Vec::new();
        let values_at = gps_at + gps_length;
        let mut field = |tag: u16, value: &Value| {
            let (kind, count, mut bytes) = value.encode(self.big_endian);
            let mut entry = [two(tag).to_vec(), two(kind).to_vec(), four(count as u32).to_vec()].concat();
            if bytes.len() <= 4 {
                bytes.resize(4, 0);
                entry.extend(bytes);
            } else {
                entry.extend(four((values_at + values.len()) as u32));
                values.extend(bytes);
            }
            entry
        };
        let mut tiff = if self.big_endian { b"MM\0*".to_vec() } else { b"II*\0".to_vec() };
        tiff.extend(four(8));
        tiff.extend(two(main_count as u16 + self.more));
        for (tag, value) in &self.main {
            tiff.extend(field(*tag, value));
        }
        if !self.without_gps {
            tiff.extend(two(0x8825));
            tiff.extend(two(self.pointer));
            tiff.extend(four(if self.pointer == 7 { 4 } else { 1 }));
            if self.short_pointer {
                tiff.extend(two(gps_at as u16));
                tiff.extend([0, 0]);
            } else {
                tiff.extend(four(gps_at as u32));
            }
        }
        tiff.extend(four(self.next));
        if !self.without_gps {
            tiff.extend(two(self.gps.len() as u16 + self.more_gps));
            for (tag, value) in &self.gps {
                tiff.extend(field(*tag, value));
            }
            tiff.extend(four(self.next_gps));
        }
        tiff.extend(values);
        tiff
    }
}

/// A TIFF structure without flaws.
pub(crate) fn tiff(gps: Vec<(u16, Value)>) -> Vec<u8> {
    Tiff::new(gps).bytes()
}

/// A JPEG file up to its pixels, with these segments.
pub(crate) fn jpeg(segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = b"\xff\xd8".to_vec();
    for (marker, payload) in segments {
        file.extend([0xff, *marker]);
        file.extend((payload.len() as u16 + 2).to_be_bytes());
        file.extend(payload);
    }
    file.extend(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0\0\xff\xd9");
    file
}

pub(crate) fn marked(marker: &[u8], data: &[u8]) -> Vec<u8> {
    [marker, data].concat()
}

/// A JPEG file with EXIF data.
pub(crate) fn jpeg_with_exif(tiff: &[u8]) -> Vec<u8> {
    jpeg(&[(0xe1, marked(b"Exif\0\0", tiff))])
}

/// A JPEG file with XMP.
pub(crate) fn jpeg_with_xmp(packet: &str) -> Vec<u8> {
    jpeg(&[(0xe1, marked(b"http://ns.adobe.com/xap/1.0/\0", packet.as_bytes()))])
}

/// A PNG file of these chunks.
pub(crate) fn png(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let header = [&1_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let ends = [(b"IHDR", header), (b"IDAT", deflated(&[0, 0]))];
    for (name, data) in ends.iter().chain(chunks).chain(&[(b"IEND", Vec::new())]) {
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(*name);
        file.extend(data);
        let mut sum = flate2::Crc::new();
        sum.update(*name);
        sum.update(data);
        file.extend(sum.sum().to_be_bytes());
    }
    file
}

pub(crate) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A WebP file of these chunks.
pub(crate) fn webp(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend(*name);
        body.extend((data.len() as u32).to_le_bytes());
        body.extend(data);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [&b"RIFF"[..], &(body.len() as u32).to_le_bytes(), &body].concat()
}

/// A box of an ISO file.
pub(crate) fn iso_box(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
}

/// A HEIC or AVIF file (by its brand) with an EXIF item and an XMP item, in the file or within the item list. Empty items
/// are left out.
pub(crate) fn heif(brand: &[u8; 4], exif: &[u8], xmp: &[u8], inside: bool) -> Vec<u8> {
    let file_type = iso_box(b"ftyp", &[&brand[..], b"\0\0\0\0", brand].concat());
    let items: Vec<(u8, &[u8], &[u8])> =
        [(1, &b"Exif\0"[..], exif), (2, &b"mime\0application/rdf+xml\0"[..], xmp)]
            .into_iter()
            .filter(|(_, _, data)| !data.is_empty())
            .collect();
    let data: Vec<u8> = items.iter().flat_map(|(_, _, data)| data.iter().copied()).collect();
    let mut infos = vec![0, 0, 0, 0, 0, items.len() as u8];
    for (id, kind, _) in &items {
        infos.extend(iso_box(b"infe", &[&[2, 0, 0, 0, 0, *id, 0, 0][..], *kind].concat()));
    }
    let meta = |mut at: u32| {
        let mut places = vec![1, 0, 0, 0, 0x44, 0, 0, items.len() as u8];
        for (id, _, data) in &items {
            places.extend([0, *id, 0, u8::from(inside), 0, 0, 0, 1]);
            places.extend(at.to_be_bytes());
            places.extend((data.len() as u32).to_be_bytes());
            at += data.len() as u32;
        }
        let handler = iso_box(b"hdlr", b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        let inner = if inside { iso_box(b"idat", &data) } else { Vec::new() };
        let content =
            [&[0; 4][..], &handler, &iso_box(b"iinf", &infos), &iso_box(b"iloc", &places), &inner].concat();
        iso_box(b"meta", &content)
    };
    let before = file_type.len() + meta(0).len() + 8;
    let meta = meta(if inside { 0 } else { before as u32 });
    [file_type, meta, iso_box(b"mdat", if inside { &[] } else { &data })].concat()
}

/// EXIF data as an item of an ISO file holds it.
pub(crate) fn exif_item(tiff: &[u8]) -> Vec<u8> {
    [&6_u32.to_be_bytes()[..], b"Exif\0\0", tiff].concat()
}

/// An XMP packet with these attributes of its description.
pub(crate) fn xmp(attributes: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
         xmlns:exif=\"http://ns.adobe.com/exif/1.0/\" xmlns:drone-dji=\"http://www.dji.com/drone-dji/1.0/\" \
         {attributes}/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

/// An XMP packet with these elements in its description.
pub(crate) fn xmp_elements(elements: &str) -> String {
    xmp("").replace("/></rdf:RDF>", &format!(">{elements}</rdf:Description></rdf:RDF>"))
}
