package gs1

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func encoded(s string) string {
	var b strings.Builder
	escape(&b, s)
	return b.String()
}

// links are Digital Links, valid and broken: every key with every choice of qualifiers in order and out of it, every AI as an
// attribute, stems, parameters of others.
func (v vectors) links(random int) (out []string) {
	stems := []string{"https://example.com", "http://a.example/some/stem", "HTTPS://id.gs1.org", "https://192.0.2.1:8443/x/00/y"}
	path := func(ai string) string { return "/" + ai + "/" + encoded(v.value(Lookup(ai))) }
	query := func(ai string) string { return ai + "=" + encoded(v.value(Lookup(ai))) }
	var keys []string
	for i := range ais {
		d := &ais[i]
		if !d.Key {
			continue
		}
		keys = append(keys, d.First)
		out = append(out, stems[0]+path(d.First), stems[1]+path(d.First)+"?"+query(d.First), stems[1]+path(d.First)+"/")
		for _, order := range d.Qualifiers {
			for mask := 1; mask < 1<<len(order); mask++ {
				var some []string
				for i, ai := range order {
					if mask&(1<<i) != 0 {
						some = append(some, ai)
					}
				}
				s := path(d.First)
				for _, ai := range some {
					s += path(ai)
				}
				out = append(out, pick(v, stems)+s, pick(v, stems)+s+path(some[0]), pick(v, stems)+s+"?x=y&"+query(some[0])+"&z")
				slices.Reverse(some)
				s = path(d.First)
				for _, ai := range some {
					s += path(ai)
				}
				out = append(out, pick(v, stems)+s)
			}
		}
	}
	for i := range ais {
		d := &ais[i]
		ai := v.ofRange(d)
		out = append(out, stems[0]+path("01")+"?"+query(ai), stems[0]+path("00")+"?a=1&"+query(ai)+"&b", stems[0]+path("8018")+path("8019")+"?"+query(ai))
		for _, choice := range d.Requires {
			for _, group := range choice {
				var params, quals string
				key := "01"
				for _, p := range group {
					switch c := v.concrete(p); {
					case Lookup(c).Key:
						key = c
					case qualifies(Lookup(key), []string{c}):
						quals += path(c)
					default:
						params += "&" + query(c)
					}
				}
				out = append(out, stems[0]+path(key)+quals+"?"+query(ai)+params)
			}
		}
	}
	for range random {
		s := pick(v, stems) + path(pick(v, keys))
		mark := "?"
		for range v.IntN(4) {
			s += mark + pick(v, []string{query(v.ofRange(&ais[v.IntN(len(ais))])), "linkType=gs1:pip", "flag", "17=" + v.digits(6), "99=" + v.digits(3)})
			mark = "&"
		}
		out = append(out, s+pick(v, []string{"", "#part"}))
	}
	return out
}

// TestLinksAsBWIPP: Digital Links are judged as by BWIPP.
func TestLinksAsBWIPP(t *testing.T) {
	var qs []question
	for _, s := range newVectors(seed(t)).links(300) {
		qs = append(qs, question{Text: s, Link: true, Requisites: true})
	}
	compare(t, qs, func(s string) (Elements, error) {
		l, err := ParseLink(s)
		if err != nil {
			return nil, err
		}
		return l.Elements, nil
	})
}

type asked struct {
	Do   string `json:"do"`
	Text string `json:"text"`
	Stem string `json:"stem"`
}

type extracted struct {
	GS1   map[string]string `json:"GS1"`
	Other map[string]string `json:"other"`
}

type told[V any] struct {
	OK    bool   `json:"ok"`
	Value V      `json:"value"`
	Error string `json:"error"`
}

// toolkitKnows tells whether the toolkit's tables, which are older than the dictionary, have all AIs as the dictionary has them, and
// its patterns all characters: those from : to ? it lacks.
func toolkitKnows(es Elements) bool {
	for _, e := range es {
		n := e.AI
		if strings.ContainsAny(e.Value, ":;<=>?") || Lookup(e.Value) != nil { // it takes a value that reads like a key for one
			return false
		}
		switch {
		case strings.HasPrefix(n, "43"), strings.HasPrefix(n, "724"), strings.HasPrefix(n, "725"), strings.HasPrefix(n, "803"),
			strings.HasPrefix(n, "804"), strings.HasPrefix(n, "395"), slices.Contains([]string{"03", "235", "417", "427", "7011", "7040", "7041", "715", "716", "717", "8007",
				"8014", "8030", "8009", "8026", "8013", "7002", "20", "7004", "90"}, n):
			return false
		}
	}
	return true
}

func asMap(es Elements) map[string]string {
	out := map[string]string{}
	for _, e := range es {
		out[e.AI] = e.Value
	}
	return out
}

// TestLinksAsToolkit: what a Digital Link says, and how element strings are written as one, is the same for GS1's toolkit.
func TestLinksAsToolkit(t *testing.T) {
	v := newVectors(seed(t))
	var extract, build []asked
	var links, wanted []*Link
	for _, s := range append(v.links(300), v.links(300)...) {
		l, err := ParseLink(s)
		if err != nil || !toolkitKnows(l.Elements) {
			continue
		}
		l.Scheme = "https"
		links, extract = append(links, l), append(extract, asked{Do: "extract", Text: l.String()})
		// The toolkit leaves " as it is, which no URI may have, and takes 8020 for an attribute.
		_, slip := l.Elements.Value("8020")
		if keys(l.Elements) == 1 && !slip && !strings.Contains(l.Elements.Bracketed(), `"`) {
			plain := *l
			plain.Other, plain.Fragment = nil, ""
			wanted, build = append(wanted, &plain), append(build, asked{Do: "build", Text: l.Elements.Bracketed(), Stem: "https://" + l.Host + l.Stem})
		}
	}
	for i, a := range ask[[]told[extracted]](t, "digital-link.js", extract, "toolkit") {
		if want := asMap(links[i].Elements); !a.OK || !maps.Equal(a.Value.GS1, want) {
			t.Errorf("%s\n  we:      %v\n  toolkit: %v %s", extract[i].Text, want, a.Value.GS1, a.Error)
		}
	}
	same := 0
	for i, a := range ask[[]told[string]](t, "digital-link.js", build, "toolkit") {
		// The order of attributes is the writer's; ours goes by AI.
		got, err := ParseLink(a.Value)
		if !a.OK || err != nil || got.String() != wanted[i].String() {
			t.Errorf("%s\n  we:      %s\n  toolkit: %s %s %v", build[i].Text, wanted[i], a.Value, a.Error, err)
		}
		if a.Value == wanted[i].String() {
			same++
		}
	}
	t.Logf("%d links read, %d written; %d of these the same byte by byte", len(extract), len(build), same)
}

func keys(es Elements) (n int) {
	for _, e := range es {
		if e.Is().Key {
			n++
		}
	}
	return n
}

// precise tells whether the toolkit can pack and unpack a link: it counts in floating point, and writes a compound value twice.
func precise(l *Link) string {
	for _, e := range l.Elements {
		fields := e.Is().fields()
		if len(fields) > 1 && !fields[len(fields)-1].numeric {
			return "the toolkit repeats what it has when letters follow digits in a value"
		}
		rest := e.Value
		for _, f := range fields {
			part := rest[:min(f.length, len(rest))]
			rest = rest[len(part):]
			number := f.numeric || encodingOf(part) == asNumber
			switch {
			case f.numeric && part == "":
				return "the toolkit writes NaN for digits that are not there"
			case number && len(part) > 15:
				return "the toolkit counts in floating point"
			case number && f.variable && strings.HasPrefix(part, "0"), number && !f.numeric && strings.HasPrefix(part, "0"):
				return "the toolkit loses leading noughts of values of variable length"
			}
		}
	}
	return ""
}

// TestCompressionAsToolkit: the toolkit reads what we compress, and we read what it compresses, in full, with the parameters of
// others, and with the key in full.
func TestCompressionAsToolkit(t *testing.T) {
	v := newVectors(seed(t))
	var links []*Link
	var decompress, compress, all, part []asked
	left := map[string]int{}
	for _, s := range append(v.links(300), v.links(300)...) {
		l, err := ParseLink(s)
		if err != nil || !toolkitKnows(l.Elements) || keys(l.Elements) != 1 {
			continue
		}
		if why := precise(l); why != "" {
			left[why]++
			continue
		}
		l.Scheme, l.Stem, l.Fragment = "https", "", ""
		l.Other = []string{"linkType=gs1", "k1=x9A"}
		links = append(links, l)
		stem := "https://" + l.Host
		decompress = append(decompress, asked{Do: "decompress", Text: l.Compress()})
		compress = append(compress, asked{Do: "compress", Text: l.String(), Stem: stem})
		all = append(all, asked{Do: "compress-all", Text: l.String(), Stem: stem})
		part = append(part, asked{Do: "compress-part", Text: l.Elements.Bracketed(), Stem: stem})
	}
	for i, a := range ask[[]told[extracted]](t, "digital-link.js", decompress, "toolkit") {
		if want := asMap(links[i].Elements); !a.OK || !maps.Equal(a.Value.GS1, want) {
			t.Errorf("%s\n  we wrote:     %v\n  toolkit read: %v %s", decompress[i].Text, want, a.Value.GS1, a.Error)
		}
	}
	same := 0
	for kind, questions := range map[string][]asked{"in full": compress, "with parameters": all, "the rest": part} {
		for i, a := range ask[[]told[string]](t, "digital-link.js", questions, "toolkit") {
			if kind == "the rest" && (len(links[i].Elements) == 1 || strings.Contains(a.Value, `"`)) {
				continue // nothing is left to be packed, or the toolkit writes no URI
			}
			got, err := Decompress(a.Value)
			if err != nil {
				t.Errorf("%s: %s\n  of %s: %v", kind, a.Value, links[i], err)
				continue
			}
			want := *links[i]
			if kind == "the rest" {
				want.Other = nil
			}
			if got.String() != want.String() {
				t.Errorf("%s: %s\n  we read: %s\n  it was:  %s", kind, a.Value, got, &want)
			}
			if kind == "in full" && a.Value == links[i].Compress() {
				same++
			}
		}
	}
	t.Logf("%d links; %d packed the same bit by bit; left out: %s", len(links), same, fmt.Sprint(left))
}
