package field

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var keyForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9]{0,40}$`)
var optionForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,60}$`)

// Check reports what a pack has declared wrongly. where is the YAML path of the fields, such as "$.fields".
func (s Schema) Check(where string, report func(where, what string)) { s.check(where, report, false) }

func (s Schema) check(where string, report func(where, what string), nested bool) {
	if len(s) == 0 || len(s) > maxFields {
		report(where, fmt.Sprintf("has %d fields; a record has 1 to %d", len(s), maxFields))
		return
	}
	seen := map[string]bool{}
	words := map[string]string{}
	for i := range s {
		f, at := &s[i], fmt.Sprintf("%s[%d]", where, i)
		if !keyForm.MatchString(f.Key) {
			report(at+".key", fmt.Sprintf("%q is not a key; use letters and digits, beginning with a small letter", f.Key))
		}
		if seen[f.Key] {
			report(at+".key", fmt.Sprintf("%q is declared twice", f.Key))
		}
		seen[f.Key] = true
		if f.Name.Zh == "" || f.Name.En == "" {
			report(at+".name", "needs zh and en")
		}
		for _, w := range []string{f.Name.Zh, f.Name.En} { // a heading must name one field
			if other, taken := words[plain(w)]; taken && other != f.Key {
				report(at+".name", fmt.Sprintf("%q is also the name of %s; a spreadsheet could not tell them apart", w, other))
			}
			words[plain(w)] = f.Key
		}
		f.check(at, report, nested)
		if f.NotBefore != "" {
			o := s.Field(f.NotBefore)
			if o == nil || o.Type != f.Type || f.Type != Date && f.Type != Time {
				report(at+".notBefore", "must name another field of the same type, date or time")
			}
		}
	}
}

func (f *Field) check(at string, report func(where, what string), nested bool) {
	only := func(ok bool, what string, types ...Type) {
		if ok && !slices.Contains(types, f.Type) {
			report(at+"."+what, fmt.Sprintf("does not fit the type %s", f.Type))
		}
	}
	if !slices.Contains(Types, f.Type) || nested && f.Type == List {
		report(at+".type", fmt.Sprintf("%q is not a type; use one of %v (no list in a list)", f.Type, Types))
		return
	}
	if f.Class != "" && !slices.Contains(Classes, f.Class) {
		report(at+".class", fmt.Sprintf("%q is not a class; use one of %v", f.Class, Classes))
	}
	only(f.MinLength != 0 || f.MaxLength != 0, "maxLength", Text)
	only(f.Pattern != "", "pattern", Text)
	only(f.Format != "", "format", Text)
	only(f.Min != "" || f.Max != "", "min", Integer, Decimal, Money)
	only(f.Places != 0, "places", Decimal)
	only(len(f.Options) > 0, "options", Choice)
	only(len(f.Fields) > 0, "fields", List)
	only(f.MaxItems != 0, "maxItems", List)
	only(f.Since != "" || f.Until != "", "since", List)
	if f.MinLength < 0 || f.MaxLength < 0 || f.MaxLength > maxLength || f.MinLength > f.length() {
		report(at+".maxLength", fmt.Sprintf("want 0 ≤ minLength ≤ maxLength ≤ %d", maxLength))
	}
	if f.Places < 0 || f.Places > maxPlaces {
		report(at+".places", fmt.Sprintf("want 0 to %d", maxPlaces))
		return
	}
	if f.Pattern != "" {
		if _, err := regexp.Compile(whole(f.Pattern)); err != nil {
			report(at+".pattern", err.Error())
		}
	}
	if f.Format != "" && Formats[f.Format] == nil {
		report(at+".format", fmt.Sprintf("there is no format %q; there are %v", f.Format, formatNames()))
	}
	lo, hi := int64(-MaxWhole), int64(MaxWhole)
	for name, n := range map[string]Number{"min": f.Min, "max": f.Max} {
		if n == "" {
			continue
		}
		v, err := parseUnits(string(n), f.Places)
		if err != nil {
			report(at+"."+name, err.Error())
		} else if name == "min" {
			lo = v
		} else {
			hi = v
		}
	}
	if lo > hi {
		report(at+".min", "is greater than max")
	}
	if f.Type == Choice {
		if len(f.Options) == 0 {
			report(at+".options", "a choice needs options")
		}
		seen := map[string]bool{}
		for i, o := range f.Options {
			if !optionForm.MatchString(o.ID) || o.Name.Zh == "" || o.Name.En == "" {
				report(fmt.Sprintf("%s.options[%d]", at, i), "needs an id of letters, digits, . _ - and a name in zh and en")
			}
			for _, w := range []string{o.ID, o.Name.Zh, o.Name.En} {
				if seen[plain(w)] && plain(w) != plain(o.ID) && plain(o.Name.Zh) != plain(o.Name.En) {
					report(fmt.Sprintf("%s.options[%d]", at, i), fmt.Sprintf("%q is there already", w))
				}
			}
			if seen["id "+o.ID] {
				report(fmt.Sprintf("%s.options[%d].id", at, i), fmt.Sprintf("%q is there already", o.ID))
			}
			seen["id "+o.ID] = true
			seen[plain(o.Name.Zh)], seen[plain(o.Name.En)] = true, true
		}
	}
	if f.Type == List {
		if f.MaxItems < 0 || f.MaxItems > maxItems {
			report(at+".maxItems", fmt.Sprintf("want 1 to %d", maxItems))
		}
		Schema(f.Fields).check(at+".fields", report, true)
		for name, key := range map[string]string{"since": f.Since, "until": f.Until} {
			if key == "" {
				continue
			}
			if o := Schema(f.Fields).Field(key); o == nil || o.Type != Date {
				report(at+"."+name, "must name a date of the items")
			}
		}
	}
	if f.Calc != "" && f.Required {
		report(at+".required", "what is worked out is not asked for")
	}
}

func (f *Field) length() int {
	if f.MaxLength == 0 {
		return defaultLength
	}
	return f.MaxLength
}

func (f *Field) items() int {
	if f.MaxItems == 0 {
		return defaultItems
	}
	return f.MaxItems
}

// whole makes an expression match the whole text, as a pattern of a field does.
func whole(pattern string) string { return `^(?:` + pattern + `)$` }

func cut(key string) (head, rest string, nested bool) { return strings.Cut(key, ".") }

// unquote takes away the quotes of a YAML scalar.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}
