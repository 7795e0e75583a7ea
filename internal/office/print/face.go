package print

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:embed font/NotoSansSC-Regular.ttf.zst
var packedFace []byte

// face is a TrueType font, read.
type face struct {
	data    []byte
	tables  map[string][]byte
	em      int // units per em
	ascent  int // in thousandths of an em
	descent int // below the line, negative
	capital int
	box     [4]int
	glyphs  int
	long    bool // loca has 32 bits
	metrics int  // entries of hmtx with an advance
	cmap    map[rune]uint16
}

// regular is the type that comes with the program; it is unpacked once, when something is printed first.
var regular = sync.OnceValue(func() *face {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err) // no option of it can be wrong
	}
	defer d.Close()
	data, err := d.DecodeAll(packedFace, nil)
	if err == nil {
		var f *face
		if f, err = readFace(data); err == nil {
			return f
		}
	}
	panic(fmt.Errorf("the type in this program: %w", err)) // the program itself is broken
})

var errFace = errors.New("not a TrueType font that can be read")

// readFace reads a font. Error: errFace.
func readFace(data []byte) (f *face, err error) {
	defer func() {
		if recover() != nil { // an offset that leads out of the file
			f, err = nil, errFace
		}
	}()
	u16 := func(b []byte, i int) int { return int(binary.BigEndian.Uint16(b[i:])) }
	i16 := func(b []byte, i int) int { return int(int16(binary.BigEndian.Uint16(b[i:]))) }
	u32 := func(b []byte, i int) int { return int(binary.BigEndian.Uint32(b[i:])) }
	f = &face{data: data, tables: map[string][]byte{}, cmap: map[rune]uint16{}}
	if u32(data, 0) != 0x00010000 {
		return nil, errFace
	}
	for i := range u16(data, 4) {
		at := 12 + 16*i
		f.tables[string(data[at:at+4])] = data[u32(data, at+8) : u32(data, at+8)+u32(data, at+12)]
	}
	head, hhea, os2 := f.tables["head"], f.tables["hhea"], f.tables["OS/2"]
	f.em = u16(head, 18)
	if f.em == 0 {
		return nil, errFace
	}
	thousandths := func(v int) int { return v * 1000 / f.em }
	for i := range f.box {
		f.box[i] = thousandths(i16(head, 36+2*i))
	}
	f.long = u16(head, 50) == 1
	f.ascent, f.descent, f.metrics = thousandths(i16(hhea, 4)), thousandths(i16(hhea, 6)), u16(hhea, 34)
	f.glyphs = u16(f.tables["maxp"], 4)
	if f.capital = 700; len(os2) >= 90 {
		f.capital = thousandths(i16(os2, 88))
	}
	cmap := f.tables["cmap"]
	for i := range u16(cmap, 2) {
		at := 4 + 8*i
		sub := cmap[u32(cmap, at+4):]
		switch platform, encoding := u16(cmap, at), u16(cmap, at+2); {
		case u16(sub, 0) == 12 && platform == 3 && encoding == 10 || u16(sub, 0) == 12 && platform == 0:
			for g := range u32(sub, 12) {
				from, to, id := u32(sub, 16+12*g), u32(sub, 20+12*g), u32(sub, 24+12*g)
				for r := from; r <= to && r <= 0x10ffff; r++ {
					f.cmap[rune(r)] = uint16(id + r - from)
				}
			}
		case u16(sub, 0) == 4:
			n := u16(sub, 6) / 2
			for s := range n {
				to, from := u16(sub, 14+2*s), u16(sub, 16+2*n+2*s)
				delta, offset := u16(sub, 16+4*n+2*s), u16(sub, 16+6*n+2*s)
				for r := from; r <= to && r != 0xffff; r++ {
					id := r
					if offset != 0 {
						if id = u16(sub, 16+6*n+2*s+offset+2*(r-from)); id == 0 {
							continue
						}
					}
					if _, there := f.cmap[rune(r)]; !there {
						f.cmap[rune(r)] = uint16(id + delta)
					}
				}
			}
		}
	}
	if len(f.cmap) == 0 || f.metrics == 0 || f.glyphs == 0 {
		return nil, errFace
	}
	return f, nil
}

// glyph of a character; 0 where the type lacks it.
func (f *face) glyph(r rune) uint16 {
	if r == '\u00a0' {
		r = ' '
	}
	return f.cmap[r]
}

// advance of a glyph, in thousandths of an em.
func (f *face) advance(glyph uint16) int {
	i := min(int(glyph), f.metrics-1)
	return int(binary.BigEndian.Uint16(f.tables["hmtx"][4*i:])) * 1000 / f.em
}

// outline of a glyph as it stands in the file; empty for a blank.
func (f *face) outline(glyph uint16) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to int
	if f.long {
		from, to = int(binary.BigEndian.Uint32(loca[4*int(glyph):])), int(binary.BigEndian.Uint32(loca[4*int(glyph)+4:]))
	} else {
		from, to = 2*int(binary.BigEndian.Uint16(loca[2*int(glyph):])), 2*int(binary.BigEndian.Uint16(loca[2*int(glyph)+2:]))
	}
	return glyf[from:to]
}
