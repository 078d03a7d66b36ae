//! Small valid MXF files, built by hand from SMPTE ST 377-1.

/// How the index says where edit units are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Indexed {
    /// All of one size.
    Even,
    /// Each by itself.
    Listed,
    /// All of one size, as the header says: known before the recording ends.
    EvenInHeader,
}

/// A clip of one body partition.
#[derive(Clone)]
pub(super) struct Builder {
    pub(super) run_in: Vec<u8>,
    /// Byte 14 of the header partition's key: 1 open and incomplete, 4 closed and complete.
    pub(super) header_status: u8,
    /// Frames that the header's own metadata declare; the footer's has the true number.
    pub(super) header_duration: i64,
    pub(super) footer_has_metadata: bool,
    pub(super) indexed: Indexed,
    pub(super) company: &'static str,
    /// Bytes 8 to 15 of the picture coding.
    pub(super) coding: [u8; 8],
    pub(super) drop: bool,
    pub(super) ancillary: Vec<u8>,
}

pub(super) const FPS: [u8; 8] = [0, 0, 0x75, 0x30, 0, 0, 3, 0xe9];
/// 01:00:00;00 of 30 frames, drop: 108000 less two labels of 54 minutes.
pub(super) const START: i64 = 107_892;
pub(super) const MATERIAL: [u8; 32] = [0x11; 32];
const FILE: [u8; 32] = [0x22; 32];
const TAPE: [u8; 32] = [0x33; 32];
const PICTURE_KEY: [u8; 16] = [6, 0x0e, 0x2b, 0x34, 1, 2, 1, 1, 0x0d, 1, 3, 1, 0x15, 1, 5, 1];
const SYSTEM_KEY: [u8; 16] = [6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 3, 1, 4, 1, 1, 0];
const DATA_KEY: [u8; 16] = [6, 0x0e, 0x2b, 0x34, 1, 2, 1, 1, 0x0d, 1, 3, 1, 0x17, 1, 2, 1];

impl Default for Builder {
    fn default() -> Self {
        Self {
            run_in: Vec::new(),
            header_status: 4,
            header_duration: -1,
            footer_has_metadata: true,
            indexed: Indexed::Listed,
            company: "Sony",
            coding: [4, 1, 2, 2, 1, 0x32, 0x30, 1],
            drop: true,
            ancillary: Vec::new(),
        }
    }
}

/// A key, a length of four bytes, a value.
pub(super) fn klv(key: &[u8; 16], value: &[u8]) -> Vec<u8> {
    let len = (value.len() as u32).to_be_bytes();
    [&key[..], &[0x83], &len[1..], value].concat()
}

fn item(tag: u16, value: &[u8]) -> Vec<u8> {
    [&tag.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// The instance id of a set.
fn id(n: u8) -> [u8; 16] {
    [n; 16]
}

fn refs(ids: &[u8]) -> Vec<u8> {
    let head = [(ids.len() as u32).to_be_bytes(), 16u32.to_be_bytes()].concat();
    [head, ids.iter().flat_map(|n| id(*n)).collect()].concat()
}

fn label(rest: [u8; 8]) -> Vec<u8> {
    [&[6, 0x0e, 0x2b, 0x34, 4, 1, 1, 1][..], &rest].concat()
}

fn set(class: u8, n: u8, items: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = item(0x3c0a, &id(n));
    body.extend(items.iter().flat_map(|(tag, value)| item(*tag, value)));
    klv(&[6, 0x0e, 0x2b, 0x34, 2, 0x53, 1, 1, 0x0d, 1, 1, 1, 1, 1, class, 0], &body)
}

fn number(n: u32) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

const PICTURE: [u8; 8] = [1, 3, 2, 2, 1, 0, 0, 0];
const TIMECODE: [u8; 8] = [1, 3, 2, 1, 1, 0, 0, 0];
const DATE: [u8; 8] = [0x07, 0xe8, 2, 29, 12, 34, 56, 0];

impl Builder {
    /// Primer and sets of a clip of so many frames.
    pub(super) fn metadata(&self, duration: i64) -> Vec<u8> {
        let long = |n: i64| n.to_be_bytes().to_vec();
        let track = |n: u8, segment: u8| {
            set(0x3b, n, &[(0x4801, number(u32::from(n))), (0x4b01, FPS.to_vec()), (0x4803, id(segment).to_vec())])
        };
        let timecode = |n: u8, start: i64| {
            let base = vec![0, 30];
            let drop = vec![u8::from(self.drop)];
            set(0x14, n, &[(0x0201, label(TIMECODE)), (0x1501, long(start)), (0x1502, base), (0x1503, drop)])
        };
        let mut sub = vec![31];
        if !self.ancillary.is_empty() {
            sub.push(32);
        }
        [
            klv(&[6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 5, 1, 0], &[0, 0, 0, 0, 0, 0, 0, 18]),
            set(0x2f, 1, &[(0x3b06, refs(&[2]))]),
            set(0x30, 2, &[(0x3c01, utf16(self.company)), (0x3c02, utf16("PMW-F55")), (0x3c04, utf16("8.00"))]),
            set(0x23, 3, &[(0x2701, FILE.to_vec()), (0x3f07, number(1)), (0x3f06, number(2))]),
            set(0x36, 4, &[(0x4401, MATERIAL.to_vec()), (0x4405, DATE.to_vec()), (0x4403, refs(&[10]))]),
            track(10, 11),
            timecode(11, 0),
            set(0x37, 5, &[(0x4401, FILE.to_vec()), (0x4403, refs(&[12, 14])), (0x4701, id(30).to_vec())]),
            track(12, 13),
            timecode(13, START),
            track(14, 15),
            set(0x0f, 15, &[(0x0201, label(PICTURE)), (0x0202, long(duration)), (0x1001, refs(&[16]))]),
            set(0x11, 16, &[(0x1101, TAPE.to_vec()), (0x1201, long(100))]),
            set(0x37, 6, &[(0x4401, TAPE.to_vec()), (0x4402, utf16("A001")), (0x4701, id(33).to_vec())]),
            set(0x44, 30, &[(0x3004, label([0x0d, 1, 3, 1, 2, 0x7f, 1, 0])), (0x3f01, refs(&sub))]),
            set(
                0x28,
                31,
                &[
                    (0x3001, FPS.to_vec()),
                    (0x3002, long(duration)),
                    (0x3004, label([0x0d, 1, 3, 1, 2, 0x10, 0x60, 1])),
                    (0x3201, label(self.coding)),
                    (0x3203, number(4096)),
                    (0x3202, number(1088)),
                    (0x3209, number(4096)),
                    (0x3208, number(1080)),
                    (0x320c, vec![1]),
                    (0x3212, vec![1]),
                    (0x320e, [number(256), number(135)].concat()),
                    (0x3210, label([0x0e, 6, 4, 1, 1, 1, 6, 4])),
                    (0x3301, number(10)),
                    (0x3302, number(2)),
                    (0x3308, number(1)),
                    (0x3304, number(64)),
                ],
            ),
            if self.ancillary.is_empty() { Vec::new() } else { set(0x5c, 32, &[(0x3001, FPS.to_vec())]) },
            set(0x2e, 33, &[]),
        ]
        .concat()
    }

    /// A frame: system item, picture of `len` bytes, ancillary data.
    pub(super) fn unit(&self, len: usize) -> Vec<u8> {
        let mut unit = [klv(&SYSTEM_KEY, &[0; 57]), klv(&PICTURE_KEY, &vec![0xab; len])].concat();
        if !self.ancillary.is_empty() {
            let packet = [&[0x43, 5, self.ancillary.len() as u8 + 1, 1][..], &self.ancillary, &[0]].concat();
            let line = [
                &[0, 1, 0, 9, 2, 4][..],
                &(packet.len() as u16).to_be_bytes(),
                &(packet.len() as u32).to_be_bytes(),
                &[0, 0, 0, 1],
                &packet,
            ]
            .concat();
            unit.extend(klv(&DATA_KEY, &line));
        }
        unit
    }

    /// A file of frames of these sizes, of which only what is not picture stands in memory: its pieces, its length.
    pub(super) fn layout(&self, sizes: &[u64]) -> (Vec<(u64, Vec<u8>)>, u64) {
        let duration = sizes.len() as i64;
        let base = self.run_in.len() as u64;
        let declared = if self.header_status == 4 { duration } else { self.header_duration };
        let header_metadata = self.metadata(declared);
        let empty_unit = self.unit(0).len() as u64;
        let mut index = self.index(sizes.iter().map(|size| size + empty_unit));
        let in_header = if self.indexed == Indexed::EvenInHeader { std::mem::take(&mut index) } else { Vec::new() };
        let body_at = PACK_LEN + (header_metadata.len() + in_header.len()) as u64;
        let essence: u64 = sizes.iter().map(|size| size + empty_unit).sum();
        let footer_at = body_at + PACK_LEN + essence;
        let footer_metadata = if self.footer_has_metadata { self.metadata(duration) } else { Vec::new() };
        let footer_bytes = footer_metadata.len() as u64;
        let mut footer = pack(4, 4, footer_at, footer_at, [footer_bytes, index.len() as u64], [2, 0]);
        footer.extend(footer_metadata);
        footer.extend(index);
        let rip: Vec<u8> = [(0u32, 0u64), (1, body_at), (0, footer_at)]
            .iter()
            .flat_map(|(sid, at)| [&sid.to_be_bytes()[..], &at.to_be_bytes()].concat())
            .collect();
        let rip_len = rip.len() as u32 + 4 + 20;
        footer.extend(klv(
            &[6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, 0x11, 1, 0],
            &[rip, rip_len.to_be_bytes().to_vec()].concat(),
        ));
        let mut head = self.run_in.clone();
        let header_bytes = [header_metadata.len() as u64, in_header.len() as u64];
        head.extend(pack(2, self.header_status, 0, footer_at, header_bytes, [0, 0]));
        head.extend(header_metadata);
        head.extend(in_header);
        head.extend(pack(3, 4, body_at, footer_at, [0, 0], [0, 1]));
        let len = base + footer_at + footer.len() as u64;
        let mut pieces = vec![(0, head)];
        if let Some(first) = sizes.first() {
            // Keys and lengths of the first frame, before and after its picture.
            let unit = self.unit(0);
            let picture_ends = 77 + 20;
            let mut before = unit[..picture_ends].to_vec();
            let len = (*first as u32).to_be_bytes();
            before[picture_ends - 3..].copy_from_slice(&len[1..]);
            let at = base + body_at + PACK_LEN;
            pieces.push((at, before));
            pieces.push((at + picture_ends as u64 + first, unit[picture_ends..].to_vec()));
        }
        pieces.push((base + footer_at, footer));
        (pieces, len)
    }

    /// A whole file of frames of these sizes.
    pub(super) fn build(&self, sizes: &[u64]) -> Vec<u8> {
        let (pieces, len) = self.layout(sizes);
        let mut file = vec![0; len as usize];
        for (at, piece) in &pieces {
            file[*at as usize..*at as usize + piece.len()].copy_from_slice(piece);
        }
        let mut at = pieces[0].1.len();
        for size in sizes {
            let unit = self.unit(*size as usize);
            file[at..at + unit.len()].copy_from_slice(&unit);
            at += unit.len();
        }
        file
    }

    fn index(&self, units: impl Iterator<Item = u64>) -> Vec<u8> {
        let units: Vec<u64> = units.collect();
        let segment = |start: usize, count: usize, items: Vec<u8>| {
            let body = [
                item(0x3f0b, &FPS),
                item(0x3f0c, &(start as u64).to_be_bytes()),
                item(0x3f0d, &(count as u64).to_be_bytes()),
                item(0x3f06, &number(2)),
                item(0x3f07, &number(1)),
                items,
            ]
            .concat();
            klv(&[6, 0x0e, 0x2b, 0x34, 2, 0x53, 1, 1, 0x0d, 1, 2, 1, 1, 0x10, 1, 0], &body)
        };
        match self.indexed {
            Indexed::Even | Indexed::EvenInHeader => segment(0, units.len(), item(0x3f05, &number(units[0] as u32))),
            Indexed::Listed => {
                let mut offset = 0;
                let entries: Vec<[u8; 11]> = units
                    .iter()
                    .map(|unit| {
                        let mut entry = [0u8; 11];
                        entry[2] = 0x80;
                        entry[3..].copy_from_slice(&u64::to_be_bytes(offset));
                        offset += unit;
                        entry
                    })
                    .collect();
                let chunks = entries.chunks(5000).enumerate();
                let array = |chunk: &[[u8; 11]]| {
                    item(0x3f0a, &[number(chunk.len() as u32), number(11), chunk.concat()].concat())
                };
                chunks.flat_map(|(i, chunk)| segment(i * 5000, chunk.len(), array(chunk))).collect()
            }
        }
    }
}

/// A partition pack with its key and length.
const PACK_LEN: u64 = 20 + 88;

fn pack(kind: u8, status: u8, at: u64, footer: u64, bytes: [u64; 2], sids: [u32; 2]) -> Vec<u8> {
    let value = [
        &[0, 1, 0, 3, 0, 0, 0, 1][..],
        &at.to_be_bytes(),
        &[0; 8],
        &footer.to_be_bytes(),
        &bytes[0].to_be_bytes(),
        &bytes[1].to_be_bytes(),
        &sids[0].to_be_bytes(),
        &[0; 8],
        &sids[1].to_be_bytes(),
        &label([0x0d, 1, 2, 1, 1, 1, 9, 0]),
        &[0, 0, 0, 0, 0, 0, 0, 16],
    ]
    .concat();
    klv(&[6, 0x0e, 0x2b, 0x34, 2, 5, 1, 1, 0x0d, 1, 2, 1, 1, kind, status, 0], &value)
}
