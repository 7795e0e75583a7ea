package gs1

import (
	"math/big"
	"strings"
)

// field is how a part of a value is packed (GS1 Digital Link Standard: Compression, table F).
type field struct {
	numeric  bool
	length   int // in characters; the longest where it varies
	variable bool
}

// fields gathers the components of an AI: fixed digits together, letters together, and what may be missing with what varies.
func (d *AI) fields() []field {
	var out []field
	for _, c := range d.Components {
		numeric, variable := c.Set == Numeric, c.Optional || c.Min != c.Max
		last := len(out) - 1
		switch {
		case last >= 0 && out[last].numeric == numeric && out[last].variable == variable:
			out[last].length += c.Max
		case last >= 0 && out[last].numeric == numeric && !numeric:
			out[last].length, out[last].variable = out[last].length+c.Max, true
		default:
			out = append(out, field{numeric, c.Max, variable})
		}
	}
	return out
}

// optimisation is a byte that stands for a sequence of AIs.
type optimisation struct {
	code byte
	ais  []string
}

// optimisations of the standard. 1A and 9D are read and not written: the published decoder has their AIs sorted, the standard's
// table has not, and nobody can tell which of the two will read what we write.
var optimisations = [...]optimisation{
	{0x0A, []string{"01", "22"}}, {0x0B, []string{"01", "10"}}, {0x0C, []string{"01", "21"}}, {0x0D, []string{"01", "17"}},
	{0x0E, []string{"01", "7003"}}, {0x0F, []string{"01", "30"}}, {0x1A, []string{"01", "10", "21", "17"}},
	{0x1B, []string{"01", "15"}}, {0x1C, []string{"01", "11"}}, {0x1D, []string{"01", "16"}}, {0x1E, []string{"01", "91"}},
	{0x1F, []string{"01", "10", "15"}}, {0x2A, []string{"01", "3100"}}, {0x2B, []string{"01", "3101"}}, {0x2C, []string{"01", "3102"}},
	{0x2D, []string{"01", "3103"}}, {0x2E, []string{"01", "3104"}}, {0x2F, []string{"01", "3105"}}, {0x3A, []string{"01", "3200"}},
	{0x3B, []string{"01", "3201"}}, {0x3C, []string{"01", "3202"}}, {0x3D, []string{"01", "3203"}}, {0x3E, []string{"01", "3204"}},
	{0x3F, []string{"01", "3205"}}, {0x9A, []string{"8010", "8011"}}, {0x9B, []string{"8017", "8019"}}, {0x9C, []string{"8018", "8019"}},
	{0x9D, []string{"414", "254"}}, {0xA0, []string{"01", "3920"}}, {0xA1, []string{"01", "3921"}}, {0xA2, []string{"01", "3922"}},
	{0xA3, []string{"01", "3923"}}, {0xA4, []string{"01", "3924"}}, {0xA5, []string{"01", "3925"}}, {0xA6, []string{"01", "3926"}},
	{0xA7, []string{"01", "3927"}}, {0xA8, []string{"01", "3928"}}, {0xA9, []string{"01", "3929"}}, {0xC0, []string{"255", "3900"}},
	{0xC1, []string{"255", "3901"}}, {0xC2, []string{"255", "3902"}}, {0xC3, []string{"255", "3903"}}, {0xC4, []string{"255", "3904"}},
	{0xC5, []string{"255", "3905"}}, {0xC6, []string{"255", "3906"}}, {0xC7, []string{"255", "3907"}}, {0xC8, []string{"255", "3908"}},
	{0xC9, []string{"255", "3909"}}, {0xCA, []string{"255", "3940"}}, {0xCB, []string{"255", "3941"}}, {0xCC, []string{"255", "3942"}},
	{0xCD, []string{"255", "3943"}},
}

const (
	gtinLotSerialExpiry byte = 0x1A
	locationExtension   byte = 0x9D
)

// Compress writes the URI with all AIs packed into one base64url segment behind the stem (GS1 Digital Link Standard: Compression).
// Parameters that are no AIs stay in the query.
func (l *Link) Compress() string {
	var b strings.Builder
	b.WriteString(l.Scheme + "://" + l.Host + l.Stem + "/" + l.Elements.pack())
	mark := byte('?')
	for _, o := range l.Other {
		b.WriteByte(mark)
		b.WriteString(o)
		mark = '&'
	}
	if l.Fragment != "" {
		b.WriteString("#" + l.Fragment)
	}
	return b.String()
}

func (es Elements) pack() string {
	w := &bitWriter{}
	done := map[string]bool{}
	for {
		var best *optimisation
		saved := 0 // digits of AIs
		for i := range optimisations {
			o := &optimisations[i]
			if n := size(o.ais); n > saved && o.code != gtinLotSerialExpiry && o.code != locationExtension && es.hold(o.ais, done) {
				best, saved = o, n
			}
		}
		if best == nil {
			break
		}
		w.write(uint64(best.code), 8)
		for _, ai := range best.ais {
			v, _ := es.Value(ai)
			w.value(Lookup(ai), v)
			done[ai] = true
		}
	}
	for _, e := range es {
		if done[e.AI] {
			continue
		}
		for i := range len(e.AI) {
			w.write(uint64(e.AI[i]-'0'), 4)
		}
		w.value(e.Is(), e.Value)
	}
	return w.String()
}

// size is how many digits of AIs an optimisation saves.
func size(ais []string) (n int) {
	for _, ai := range ais {
		n += len(ai)
	}
	return n
}

func (es Elements) hold(ais []string, done map[string]bool) bool {
	for _, ai := range ais {
		if _, ok := es.Value(ai); !ok || done[ai] {
			return false
		}
	}
	return true
}

func (w *bitWriter) value(d *AI, v string) {
	for _, f := range d.fields() {
		part := v[:min(f.length, len(v))]
		v = v[len(part):]
		if f.numeric {
			if f.variable {
				w.write(uint64(len(part)), lengthBits(f.length))
			}
			w.number(part)
			continue
		}
		longest := 0
		if f.variable {
			longest = f.length
		}
		w.letters(part, longest)
	}
}

func (w *bitWriter) number(s string) {
	v := new(big.Int)
	if s != "" {
		v.SetString(s, 10)
	}
	w.writeBig(v, valueBits(len(s)))
}

// encoding is how letters are packed.
type encoding uint64

const (
	asNumber encoding = iota
	asLowerHex
	asUpperHex
	asBase64
	asASCII
)

func encodingOf(s string) encoding {
	all := func(ok func(c byte) bool) bool {
		for i := range len(s) {
			if !ok(s[i]) {
				return false
			}
		}
		return s != ""
	}
	switch {
	case all(isDigit):
		return asNumber
	case all(func(c byte) bool { return isDigit(c) || c >= 'A' && c <= 'F' }):
		return asUpperHex
	case all(func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }):
		return asLowerHex
	case all(CSET64.has):
		return asBase64
	}
	return asASCII
}

// letters writes the encoding, the length where it varies up to longest (else longest is 0), and the characters.
func (w *bitWriter) letters(s string, longest int) {
	kind := encodingOf(s)
	w.write(uint64(kind), 3)
	if longest > 0 {
		w.write(uint64(len(s)), lengthBits(longest))
	}
	if kind == asNumber {
		w.number(s)
		return
	}
	for i := range len(s) {
		switch kind {
		case asLowerHex, asUpperHex:
			w.write(uint64(hex(s[i])), 4)
		case asBase64:
			w.write(uint64(value64(s[i])), 6)
		default:
			w.write(uint64(s[i]), 7)
		}
	}
}
