//! Builds small DNG files for tests, byte by byte from the TIFF 6.0 specification.

/// A value in the file's byte order.
pub(in crate::camera) enum Value {
    Byte(Vec<u8>),
    Text(&'static str),
    Short(Vec<u16>),
    Long(Vec<u32>),
    Rational(Vec<(u32, u32)>),
    SRational(Vec<(i32, i32)>),
    Undefined(Vec<u8>),
}

/// A DNG file to be.
pub(in crate::camera) struct Builder {
    pub(in crate::camera) big_endian: bool,
    pub(in crate::camera) big_tiff: bool,
    pub(in crate::camera) ifd0: Vec<(u16, Value)>,
    /// The raw picture's directory as a SubIFD, when it is not IFD0.
    pub(in crate::camera) sub: Option<Vec<(u16, Value)>>,
    pub(in crate::camera) exif: Option<Vec<(u16, Value)>>,
    /// Byte offset of a directory that IFD0 leads on to.
    pub(in crate::camera) next_ifd: u64,
    /// Strips or tiles.
    pub(in crate::camera) pieces: Vec<Vec<u8>>,
    /// Bytes between tags and picture, or (when `picture_first`) before the tags.
    pub(in crate::camera) gap: usize,
    pub(in crate::camera) picture_first: bool,
}

/// The tags of a plain picture of `width` x `height` in one strip; the strip's place is filled in by the builder.
pub(in crate::camera) fn picture(width: u32, height: u32, bits: u16) -> Vec<(u16, Value)> {
    vec![
        (254, Value::Long(vec![0])),
        (256, Value::Long(vec![width])),
        (257, Value::Long(vec![height])),
        (258, Value::Short(vec![bits])),
        (259, Value::Short(vec![1])),
        (262, Value::Short(vec![32803])),
        (277, Value::Short(vec![1])),
        (278, Value::Long(vec![height])),
        (33421, Value::Short(vec![2, 2])),
        (33422, Value::Byte(vec![0, 1, 1, 2])),
    ]
}

/// Packs code values as TIFF does: rows at whole bytes; 16 bits in the byte order, others most significant bit first.
pub(in crate::camera) fn pack(codes: &[u16], width: usize, bits: u32, big_endian: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in codes.chunks(width) {
        if bits == 16 {
            bytes.extend(row.iter().flat_map(|c| if big_endian { c.to_be_bytes() } else { c.to_le_bytes() }));
            continue;
        }
        let mut row_bits: Vec<u8> = row.iter().flat_map(|c| (0..bits).rev().map(move |b| (c >> b & 1) as u8)).collect();
        row_bits.resize(row_bits.len().next_multiple_of(8), 0);
        bytes.extend(row_bits.chunks(8).map(|b| b.iter().fold(0, |n, bit| n << 1 | bit)));
    }
    bytes
}

impl Builder {
    pub(in crate::camera) fn new(ifd0: Vec<(u16, Value)>, pieces: Vec<Vec<u8>>) -> Self {
        Self {
            big_endian: false,
            big_tiff: false,
            ifd0,
            sub: None,
            exif: None,
            next_ifd: 0,
            pieces,
            gap: 0,
            picture_first: false,
        }
    }

    /// A complete CinemaDNG frame of a small picture of 12 bits.
    pub(in crate::camera) fn frame(timecode: [u8; 4]) -> Self {
        let (width, height) = (6, 4);
        let codes: Vec<u16> = (0..width * height).map(|i| 64 + i * 100).collect();
        let mut ifd0 = picture(u32::from(width), u32::from(height), 12);
        let [frames, seconds, minutes, hours] = timecode;
        ifd0.extend([
            (271, Value::Text("Maker")),
            (272, Value::Text("Model One")),
            (50706, Value::Byte(vec![1, 4, 0, 0])),
            (50714, Value::Short(vec![64])),
            (50717, Value::Long(vec![4095])),
            (50721, Value::SRational([2, -1, 0, -1, 3, 0, 0, -1, 2].map(|n| (n, 2)).to_vec())),
            (50728, Value::Rational(vec![(1, 2), (1, 1), (5, 8)])),
            (50778, Value::Short(vec![21])),
            (51043, Value::Byte(vec![frames, seconds, minutes, hours, 0, 0, 0, 0])),
            (51044, Value::SRational(vec![(24000, 1001)])),
            (51058, Value::Rational(vec![(28, 10)])),
            (51081, Value::Text("A001")),
        ]);
        let packed = pack(&codes, usize::from(width), 12, false);
        Self::new(ifd0, vec![packed])
    }

    fn number(&self, n: u64, bytes: usize) -> Vec<u8> {
        if self.big_endian { n.to_be_bytes()[8 - bytes..].to_vec() } else { n.to_le_bytes()[..bytes].to_vec() }
    }

    fn encode(&self, value: &Value) -> (u16, u64, Vec<u8>) {
        let each = |numbers: &[u64], bytes| numbers.iter().flat_map(|n| self.number(*n, bytes)).collect::<Vec<_>>();
        let pairs = |pairs: Vec<(u64, u64)>| pairs.iter().flat_map(|(n, d)| each(&[*n, *d], 4)).collect::<Vec<_>>();
        match value {
            Value::Byte(b) => (1, b.len() as u64, b.clone()),
            Value::Undefined(b) => (7, b.len() as u64, b.clone()),
            Value::Text(t) => (2, t.len() as u64 + 1, format!("{t}\0").into_bytes()),
            Value::Short(n) => (3, n.len() as u64, n.iter().flat_map(|n| self.number(u64::from(*n), 2)).collect()),
            Value::Long(n) => (4, n.len() as u64, n.iter().flat_map(|n| self.number(u64::from(*n), 4)).collect()),
            Value::Rational(r) => {
                (5, r.len() as u64, pairs(r.iter().map(|(n, d)| (u64::from(*n), u64::from(*d))).collect()))
            }
            Value::SRational(r) => (
                10,
                r.len() as u64,
                pairs(r.iter().map(|(n, d)| (u64::from(*n as u32), u64::from(*d as u32))).collect()),
            ),
        }
    }

    /// One directory at `at`, values after it.
    fn directory(&self, tags: &[(u16, Value)], at: usize, next: u64) -> Vec<u8> {
        let (count_bytes, entry_bytes, word) = if self.big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let mut sorted: Vec<_> = tags.iter().map(|(tag, value)| (*tag, self.encode(value))).collect();
        sorted.sort_by_key(|(tag, _)| *tag);
        let mut table = self.number(sorted.len() as u64, count_bytes);
        let mut extra = Vec::new();
        let extra_at = at + count_bytes + sorted.len() * entry_bytes + word;
        for (tag, (kind, count, mut bytes)) in sorted {
            table.extend(
                [self.number(u64::from(tag), 2), self.number(u64::from(kind), 2), self.number(count, word)].concat(),
            );
            if bytes.len() > word {
                let place = self.number((extra_at + extra.len()) as u64, word);
                extra.extend(std::mem::replace(&mut bytes, place));
            }
            bytes.resize(word, 0);
            table.extend(bytes);
        }
        table.extend(self.number(next, word));
        table.extend(extra);
        table
    }

    /// The file.
    pub(in crate::camera) fn build(mut self) -> Vec<u8> {
        let header = if self.big_tiff { 16 } else { 8 };
        let tiled = self.sub.as_ref().unwrap_or(&self.ifd0).iter().any(|(tag, _)| *tag == 322);
        let (offsets, lengths) = if tiled { (324, 325) } else { (273, 279) };
        let picture_bytes: usize = self.pieces.iter().map(Vec::len).sum();
        let tags_at = if self.picture_first { header + self.gap + picture_bytes } else { header };
        // Directories have the same length whatever the offsets in them are: lay out once with zeros, then for real.
        let mut picture_at = header + self.gap;
        let mut tags_bytes = Vec::new();
        for _ in 0..2 {
            let mut at = picture_at as u32;
            let mut places = Vec::new();
            for piece in &self.pieces {
                places.push(at);
                at += piece.len() as u32;
            }
            let sizes = self.pieces.iter().map(|p| p.len() as u32).collect();
            let raw = self.sub.as_mut().unwrap_or(&mut self.ifd0);
            raw.retain(|(tag, _)| ![offsets, lengths].contains(tag));
            raw.extend([(offsets, Value::Long(places)), (lengths, Value::Long(sizes))]);
            let mut extra_places = Vec::new();
            for (tag, present) in [(330, self.sub.is_some()), (34665, self.exif.is_some())] {
                self.ifd0.retain(|(t, _)| *t != tag);
                if present {
                    self.ifd0.push((tag, Value::Long(vec![0])));
                    extra_places.push(tag);
                }
            }
            let mut at = tags_at + self.directory(&self.ifd0, tags_at, 0).len();
            let mut rest = Vec::new();
            for tag in extra_places {
                let directory = if tag == 330 { self.sub.as_ref() } else { self.exif.as_ref() };
                let bytes = self.directory(directory.unwrap(), at, 0);
                self.ifd0.retain(|(t, _)| *t != tag);
                self.ifd0.push((tag, Value::Long(vec![at as u32])));
                at += bytes.len();
                rest.extend(bytes);
            }
            tags_bytes = self.directory(&self.ifd0, tags_at, self.next_ifd);
            tags_bytes.extend(rest);
            if !self.picture_first {
                picture_at = tags_at + tags_bytes.len() + self.gap;
            }
        }
        let mut file = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        if self.big_tiff {
            file.extend(
                [self.number(43, 2), self.number(8, 2), self.number(0, 2), self.number(tags_at as u64, 8)].concat(),
            );
        } else {
            file.extend([self.number(42, 2), self.number(tags_at as u64, 4)].concat());
        }
        let picture = self.pieces.concat();
        let gap = vec![0xaa; self.gap];
        let parts = if self.picture_first { [gap, picture, tags_bytes] } else { [tags_bytes, gap, picture] };
        file.extend(parts.concat());
        file
    }
}
