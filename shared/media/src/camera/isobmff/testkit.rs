//! Files made by hand for tests: boxes, and the movie of a clip.

/// A box of 32-bit size.
pub(in crate::camera) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(8 + body.len() as u32).to_be_bytes()[..], kind, body].concat()
}

/// A box with a size of 64 bits.
pub(in crate::camera) fn large(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&1u32.to_be_bytes()[..], kind, &(16 + body.len() as u64).to_be_bytes(), body].concat()
}

/// A header of a box of 64-bit size whose contents are not there.
pub(in crate::camera) fn header(kind: &[u8; 4], size: u64) -> Vec<u8> {
    [&1u32.to_be_bytes()[..], kind, &size.to_be_bytes()].concat()
}

/// A box of other boxes.
pub(in crate::camera) fn nested(kind: &[u8; 4], boxes: &[Vec<u8>]) -> Vec<u8> {
    boxed(kind, &boxes.concat())
}

/// Numbers of 32 bits, big-endian.
pub(in crate::camera) fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A box with version and flags 0, a count, and numbers.
pub(in crate::camera) fn table(kind: &[u8; 4], count: u32, numbers: &[u32]) -> Vec<u8> {
    boxed(kind, &[words(&[0, count]), words(numbers)].concat())
}

/// `keys` and `ilst` of a QuickTime `meta`: name, type, value.
pub(in crate::camera) fn keyed(items: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let key = |name: &str| [&(8 + name.len() as u32).to_be_bytes()[..], b"mdta", name.as_bytes()].concat();
    let keys: Vec<u8> = items.iter().flat_map(|(name, ..)| key(name)).collect();
    let data = |(index, (_, kind, value)): (u32, &(&str, u32, &[u8]))| {
        boxed(&index.to_be_bytes(), &boxed(b"data", &[words(&[*kind, 0]), value.to_vec()].concat()))
    };
    let items_of: Vec<u8> = (1..).zip(items).flat_map(data).collect();
    let handler = boxed(b"hdlr", &[words(&[0, 0]), b"mdta".to_vec(), words(&[0, 0, 0])].concat());
    let keys = boxed(b"keys", &[words(&[0, items.len() as u32]), keys].concat());
    nested(b"meta", &[handler, keys, boxed(b"ilst", &items_of)])
}

/// The picture track of a clip.
pub(in crate::camera) struct Video {
    pub(in crate::camera) format: [u8; 4],
    pub(in crate::camera) size: [u16; 2],
    /// Boxes behind the fields of the sample entry.
    pub(in crate::camera) extensions: Vec<u8>,
    pub(in crate::camera) timescale: u32,
    pub(in crate::camera) frame_duration: u32,
    /// Lengths of the frames, which lie side by side: a chunk each.
    pub(in crate::camera) lens: Vec<u32>,
    pub(in crate::camera) offset: u64,
    /// The nine numbers of the track's matrix.
    pub(in crate::camera) matrix: [u32; 9],
}

/// No rotation.
pub(in crate::camera) const UPRIGHT: [u32; 9] = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30];

impl Default for Video {
    fn default() -> Self {
        Self {
            format: *b"apch",
            size: [1920, 1080],
            extensions: Vec::new(),
            timescale: 24000,
            frame_duration: 1001,
            lens: vec![1000, 1001, 999],
            offset: 4096,
            matrix: UPRIGHT,
        }
    }
}

/// A sample entry: format, and its fields and boxes.
pub(in crate::camera) fn entry(format: [u8; 4], fields: &[u8]) -> Vec<u8> {
    boxed(&format, &[&[0; 6][..], &1u16.to_be_bytes(), fields].concat())
}

impl Video {
    pub(in crate::camera) fn track(&self) -> Vec<u8> {
        let [width, height] = self.size.map(u16::to_be_bytes);
        let fields =
            [&[0; 16][..], &width, &height, &words(&[0x48_0000, 0x48_0000, 0]), &1u16.to_be_bytes(), &[0; 32]].concat();
        let fields = [fields, 24u16.to_be_bytes().to_vec(), vec![0xff, 0xff], self.extensions.clone()].concat();
        let count = self.lens.len() as u32;
        let offsets = self.lens.iter().scan(self.offset, |at, len| {
            let here = *at;
            *at += u64::from(*len);
            Some(here)
        });
        let offsets: Vec<u8> = offsets.flat_map(u64::to_be_bytes).collect();
        let tables = [
            boxed(b"stsd", &[words(&[0, 1]), entry(self.format, &fields)].concat()),
            table(b"stts", 1, &[count, self.frame_duration]),
            table(b"stsc", 1, &[1, 1, 1]),
            boxed(b"stsz", &[words(&[0, 0, count]), words(&self.lens)].concat()),
            boxed(b"co64", &[words(&[0, count]), offsets].concat()),
        ];
        let size = self.size.map(|n| u32::from(n) << 16);
        track(1, b"vide", self.timescale, count * self.frame_duration, &self.matrix, size, &tables)
    }
}

/// A track around its tables.
pub(in crate::camera) fn track(
    id: u32,
    handler: &[u8; 4],
    timescale: u32,
    duration: u32,
    matrix: &[u32; 9],
    size: [u32; 2],
    tables: &[Vec<u8>],
) -> Vec<u8> {
    let header = [words(&[7, 0, 0, id, 0, duration, 0, 0, 0, 0]), words(matrix), words(&size)].concat();
    let media = [
        boxed(b"mdhd", &words(&[0, 0, 0, timescale, duration, 0])),
        boxed(b"hdlr", &[words(&[0, 0]), handler.to_vec(), words(&[0, 0, 0, 0])].concat()),
        nested(b"minf", &[nested(b"stbl", tables)]),
    ];
    nested(b"trak", &[boxed(b"tkhd", &header), nested(b"mdia", &media)])
}

/// A track of timecode whose one sample stands at `offset`.
pub(in crate::camera) fn timecode_track(offset: u32, timescale: u32, duration: u32, frames: u8, drop: bool) -> Vec<u8> {
    let fields = [words(&[0, u32::from(drop), timescale, duration]), vec![frames, 0]].concat();
    let tables = [
        boxed(b"stsd", &[words(&[0, 1]), entry(*b"tmcd", &fields)].concat()),
        table(b"stts", 1, &[1, 100]),
        table(b"stsc", 1, &[1, 1, 1]),
        boxed(b"stsz", &words(&[0, 4, 1])),
        table(b"stco", 1, &[offset]),
    ];
    track(3, b"tmcd", timescale, 100, &UPRIGHT, [0, 0], &tables)
}

/// A track of sound: `channels` of `bits` at 48 kHz.
pub(in crate::camera) fn sound_track(format: [u8; 4], channels: u16, bits: u16) -> Vec<u8> {
    let fields =
        [&[0; 8][..], &channels.to_be_bytes(), &bits.to_be_bytes(), &[0; 4], &(48_000u32 << 16).to_be_bytes()].concat();
    let tables = [boxed(b"stsd", &[words(&[0, 1]), entry(format, &fields)].concat())];
    track(2, b"soun", 48_000, 96_000, &UPRIGHT, [0, 0], &tables)
}

/// A movie of these boxes, made on 2024-02-29 at 12:34:56 (3792054896 seconds after 1904 began).
pub(in crate::camera) fn movie(boxes: &[Vec<u8>]) -> Vec<u8> {
    let header = boxed(b"mvhd", &[words(&[0, 3_792_054_896, 0, 24_000, 48_048]), vec![0; 80]].concat());
    nested(b"moov", &[&[header][..], boxes].concat())
}
