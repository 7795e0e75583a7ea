package print

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// used are the characters of a document, each with a glyph number of its own in the file's type, in the order in which they came.
type used struct {
	face   *face
	number map[rune]uint16
	glyphs []uint16 // in the whole type, by number; those behind the characters are parts of others
	runes  []rune
}

func newUsed(f *face) *used {
	return &used{face: f, number: map[rune]uint16{}, glyphs: []uint16{0}, runes: []rune{0}}
}

// maxGlyphs bounds the different characters of a document; what comes after them is shown as a box.
const maxGlyphs = 60_000

func (u *used) of(r rune) uint16 {
	n, ok := u.number[r]
	if !ok {
		if len(u.glyphs) >= maxGlyphs {
			return 0
		}
		n = uint16(len(u.glyphs))
		u.number[r] = n
		u.glyphs, u.runes = append(u.glyphs, u.face.glyph(r)), append(u.runes, r)
	}
	return n
}

// Flags of a part of a composed glyph (OpenType, glyf).
const (
	argsAreWords = 1 << 0
	hasScale     = 1 << 3
	morePartsTo  = 1 << 5
	hasXYScale   = 1 << 6
	has2x2       = 1 << 7
)

// file writes a TrueType file of the used glyphs alone, with their numbers here.
func (u *used) file() []byte {
	glyphs := slices.Clone(u.glyphs)
	number := map[uint16]uint16{}
	for i, g := range glyphs {
		if _, ok := number[g]; !ok {
			number[g] = uint16(i)
		}
	}
	var glyf, loca, hmtx bytes.Buffer
	be := func(w *bytes.Buffer, v ...any) {
		for _, x := range v {
			_ = binary.Write(w, binary.BigEndian, x) // a buffer takes all
		}
	}
	for i := 0; i < len(glyphs); i++ { // grows by the parts of composed glyphs
		be(&loca, uint32(glyf.Len()))
		outline := slices.Clone(u.face.outline(glyphs[i]))
		if len(outline) >= 10 && int16(binary.BigEndian.Uint16(outline)) < 0 {
			for at := 10; at+4 <= len(outline); {
				flags, part := binary.BigEndian.Uint16(outline[at:]), binary.BigEndian.Uint16(outline[at+2:])
				n, ok := number[part]
				if !ok {
					n = uint16(len(glyphs))
					number[part] = n
					glyphs = append(glyphs, part)
				}
				binary.BigEndian.PutUint16(outline[at+2:], n)
				at += 6
				if flags&argsAreWords != 0 {
					at += 2
				}
				switch {
				case flags&hasScale != 0:
					at += 2
				case flags&hasXYScale != 0:
					at += 4
				case flags&has2x2 != 0:
					at += 8
				}
				if flags&morePartsTo == 0 {
					break
				}
			}
		}
		glyf.Write(outline)
		for glyf.Len()%4 != 0 {
			glyf.WriteByte(0)
		}
		m := u.face.tables["hmtx"]
		g := min(int(glyphs[i]), u.face.metrics-1)
		side := m[4*g+2 : 4*g+4]
		if int(glyphs[i]) >= u.face.metrics {
			at := 4*u.face.metrics + 2*(int(glyphs[i])-u.face.metrics)
			side = m[at : at+2]
		}
		hmtx.Write(m[4*g : 4*g+2])
		hmtx.Write(side)
	}
	be(&loca, uint32(glyf.Len()))
	head := slices.Clone(u.face.tables["head"])
	binary.BigEndian.PutUint32(head[8:], 0)  // the checksum of the file, below
	binary.BigEndian.PutUint16(head[50:], 1) // loca has 32 bits
	hhea := slices.Clone(u.face.tables["hhea"])
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(glyphs)))
	maxp := slices.Clone(u.face.tables["maxp"])
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(glyphs)))
	return assemble([]tablePart{{"glyf", glyf.Bytes()}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx.Bytes()}, {"loca", loca.Bytes()}, {"maxp", maxp}})
}

type tablePart struct {
	tag  string
	data []byte
}

func sumOf(b []byte) (sum uint32) {
	for ; len(b) >= 4; b = b[4:] {
		sum += binary.BigEndian.Uint32(b)
	}
	var rest [4]byte
	copy(rest[:], b)
	return sum + binary.BigEndian.Uint32(rest[:])
}

// assemble writes a TrueType file of tables in order of their tags.
func assemble(parts []tablePart) []byte {
	var out bytes.Buffer
	power, log := 1, 0
	for power*2 <= len(parts) {
		power, log = power*2, log+1
	}
	be := func(v ...any) {
		for _, x := range v {
			_ = binary.Write(&out, binary.BigEndian, x)
		}
	}
	be(uint32(0x00010000), uint16(len(parts)), uint16(power*16), uint16(log), uint16((len(parts)-power)*16))
	at := 12 + 16*len(parts)
	headAt := 0
	for _, p := range parts {
		if p.tag == "head" {
			headAt = at
		}
		out.WriteString(p.tag)
		be(sumOf(p.data), uint32(at), uint32(len(p.data)))
		at += (len(p.data) + 3) / 4 * 4
	}
	for _, p := range parts {
		out.Write(p.data)
		for out.Len()%4 != 0 {
			out.WriteByte(0)
		}
	}
	file := out.Bytes()
	binary.BigEndian.PutUint32(file[headAt+8:], 0xb1b0afba-sumOf(file))
	return file
}
