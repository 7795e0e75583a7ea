package epcis

import (
	"strings"

	"jingwei/internal/identify/gs1"
)

// Canonical is the one form in which an identifier of GS1 is compared and hashed: the GS1 Digital Link URI under
// https://id.gs1.org with its finest level of identification, without attributes (CBV 2.0, 8.9.1). It reads EPC, EPC class and
// EPC pattern URIs (EPC Tag Data Standard 2.0, 6) and Digital Link URIs of any domain, with numbers or names of keys. ok is
// false for anything else, which is compared as it is written.
//
// An EPC URI tells how long the company prefix is and a Digital Link does not, so there is no way back.
func Canonical(uri string) (link string, ok bool) {
	switch {
	case strings.HasPrefix(uri, "https://"), strings.HasPrefix(uri, "http://"):
		return canonicalLink(uri)
	case strings.HasPrefix(uri, "urn:epc:id:"):
		scheme, rest, _ := strings.Cut(uri[len("urn:epc:id:"):], ":")
		return fromURN(scheme, rest, false)
	case strings.HasPrefix(uri, "urn:epc:class:lgtin:"):
		return fromURN("lgtin", uri[len("urn:epc:class:lgtin:"):], false)
	case strings.HasPrefix(uri, "urn:epc:idpat:"):
		scheme, rest, _ := strings.Cut(uri[len("urn:epc:idpat:"):], ":")
		rest, all := strings.CutSuffix(rest, ".*")
		if !all {
			return "", false
		}
		return fromURN(scheme, rest, true)
	}
	return "", false
}

// Key is how an identifier is known in the store: its canonical form, else as it was written.
func Key(uri string) string {
	if link, ok := Canonical(uri); ok {
		return link
	}
	return uri
}

const resolver = "https://id.gs1.org/"

// fromURN reads "companyPrefix.reference[.serial]". class: without the serial, as patterns have it.
func fromURN(scheme, rest string, class bool) (string, bool) {
	prefix, rest, ok := strings.Cut(rest, ".")
	if !ok || len(prefix) < 6 || len(prefix) > 12 || !digits(prefix) {
		return "", false
	}
	ref, serial, hasSerial := strings.Cut(rest, ".")
	// fixed is the reference of a key whose prefix and reference have n digits together.
	fixed := func(n int) bool { return len(prefix)+len(ref) == n && digits(ref) }
	// alone: no serial follows; with: one does, of 1 to n characters, unless a class is meant.
	alone := !hasSerial
	with := func(n int) bool { return class && !hasSerial || !class && hasSerial && escaped(serial, n) }
	gtin := func() string { return checked(ref[:1] + prefix + ref[1:]) }
	level := func(ai string) string {
		if class {
			return ""
		}
		return "/" + ai + "/" + encoded(serial)
	}
	tail := func() string {
		if class {
			return ""
		}
		return encoded(serial)
	}
	switch scheme {
	case "sgtin", "lgtin", "upui":
		ai, most := map[string]string{"sgtin": "21", "lgtin": "10", "upui": "235"}[scheme], 20
		if scheme == "upui" {
			most = 28
		}
		if fixed(13) && len(ref) > 0 && with(most) {
			return resolver + "01/" + gtin() + level(ai), true
		}
	case "itip":
		parts := strings.SplitN(serial, ".", 3)
		if fixed(13) && len(ref) > 0 && len(parts) >= 2 && len(parts[0]) == 2 && len(parts[1]) == 2 && digits(parts[0]+parts[1]) {
			link := resolver + "8006/" + gtin() + parts[0] + parts[1]
			if class && len(parts) == 2 {
				return link, true
			}
			if !class && len(parts) == 3 && escaped(parts[2], 20) {
				return link + "/21/" + encoded(parts[2]), true
			}
		}
	case "sscc":
		if fixed(17) && len(ref) > 0 && alone && !class {
			return resolver + "00/" + checked(ref[:1]+prefix+ref[1:]), true
		}
	case "sgln":
		if fixed(12) && !class && with(20) {
			link := resolver + "414/" + checked(prefix+ref)
			if serial != "0" {
				link += "/254/" + encoded(serial)
			}
			return link, true
		}
	case "pgln":
		if fixed(12) && alone && !class {
			return resolver + "417/" + checked(prefix+ref), true
		}
	case "grai":
		if fixed(12) && with(16) {
			return resolver + "8003/" + checked("0"+prefix+ref) + tail(), true
		}
	case "gdti":
		if fixed(12) && with(17) {
			return resolver + "253/" + checked(prefix+ref) + tail(), true
		}
	case "sgcn":
		if fixed(12) && with(12) && digits(serial) {
			return resolver + "255/" + checked(prefix+ref) + tail(), true
		}
	case "giai", "ginc":
		ai := map[string]string{"giai": "8004", "ginc": "401"}[scheme]
		if !class && escaped(rest, 30-len(prefix)) {
			return resolver + ai + "/" + prefix + encoded(rest), true
		}
	case "gsrn", "gsrnp":
		ai := map[string]string{"gsrn": "8018", "gsrnp": "8017"}[scheme]
		if fixed(17) && alone && !class {
			return resolver + ai + "/" + checked(prefix+ref), true
		}
	case "gsin":
		if fixed(16) && alone && !class {
			return resolver + "402/" + checked(prefix+ref), true
		}
	case "cpi":
		if !escaped(ref, 30-len(prefix)) {
			break
		}
		if class && alone {
			return resolver + "8010/" + prefix + encoded(ref), true
		}
		if !class && hasSerial && digits(serial) && len(serial) >= 1 && len(serial) <= 12 {
			return resolver + "8010/" + prefix + encoded(ref) + "/8011/" + serial, true
		}
	}
	return "", false
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// checked appends the check digit of GS1.
func checked(s string) string { return s + string(rune(gs1.CheckDigit(s))) }

// escaped tells whether a serial of an EPC URI has 1 to most characters of GS1's set 82, each alone or percent-encoded.
func escaped(s string, most int) bool {
	n := 0
	for i := 0; i < len(s); n++ {
		switch c := s[i]; {
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 3
		case c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("!'()*+,-.:;=_", c) >= 0:
			i++
		default:
			return false
		}
	}
	return n >= 1 && n <= most
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// encoder encodes what an EPC URI may hold bare and a Digital Link may not (GS1 Digital Link URI Syntax 1.4, table 7-1).
var encoder = strings.NewReplacer("!", "%21", "(", "%28", ")", "%29", "*", "%2A", "+", "%2B", ",", "%2C", ":", "%3A")

func encoded(s string) string { return encoder.Replace(s) }

// Linked is the event with its identifiers of GS1 as Digital Links. It shares what does not change with the event.
func Linked(e *Event) Event {
	out := *e
	ids := func(list []string) []string {
		linked := make([]string, len(list))
		for i, id := range list {
			linked[i] = Key(id)
		}
		return linked
	}
	amounts := func(list []Quantity) []Quantity {
		linked := make([]Quantity, len(list))
		for i, q := range list {
			q.Class = Key(q.Class)
			linked[i] = q
		}
		return linked
	}
	typed := func(list []Typed) []Typed {
		linked := make([]Typed, len(list))
		for i, t := range list {
			t.ID = Key(t.ID)
			linked[i] = t
		}
		return linked
	}
	place := func(p *Place) *Place {
		if p == nil {
			return nil
		}
		linked := *p
		linked.ID = Key(p.ID)
		return &linked
	}
	out.EPCs, out.Children, out.Inputs, out.Outputs = ids(e.EPCs), ids(e.Children), ids(e.Inputs), ids(e.Outputs)
	out.Quantities, out.ChildQuantities = amounts(e.Quantities), amounts(e.ChildQuantities)
	out.InputQuantities, out.OutputQuantities = amounts(e.InputQuantities), amounts(e.OutputQuantities)
	out.Transactions, out.Sources, out.Destinations = typed(e.Transactions), typed(e.Sources), typed(e.Destinations)
	out.Parent, out.Transformation = Key(e.Parent), Key(e.Transformation)
	out.ReadPoint, out.Location = place(e.ReadPoint), place(e.Location)
	return out
}
