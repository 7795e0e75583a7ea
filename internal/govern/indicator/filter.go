package indicator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"jingwei/internal/kernel/field"
)

// Filter narrows the enterprises of a region. What is empty does not narrow; several values of one condition mean any of them.
type Filter struct {
	Designated *bool `json:"designated,omitempty" yaml:"designated,omitempty"` // above designated size
	Industry   Words `json:"industry,omitempty" yaml:"industry,omitempty"`     // GB/T 4754: a section (C), a division (C36, 36) or below
	Size       Words `json:"size,omitempty" yaml:"size,omitempty"`
	Tags       Words `json:"tags,omitempty" yaml:"tags,omitempty"` // has one of them on the day
	Cluster    Words `json:"cluster,omitempty" yaml:"cluster,omitempty"`
}

// IsZero tells whether nothing is narrowed.
func (f Filter) IsZero() bool {
	return f.Designated == nil && len(f.Industry) == 0 && len(f.Size) == 0 && len(f.Tags) == 0 && len(f.Cluster) == 0
}

var (
	industryForm = regexp.MustCompile(`^([A-T]|[A-T]?\d{2,4})$`)
	sizes        = []string{"large", "medium", "small", "micro"}
)

func (f *Filter) check(at string, report func(where, what string)) {
	for _, s := range f.Industry {
		if !industryForm.MatchString(s) {
			report(at+".industry", fmt.Sprintf("%q is no code of GB/T 4754; write a section such as C or a division such as C36", s))
		}
	}
	for _, s := range f.Size {
		word(at+".size", s, sizes, report)
	}
}

// Holds tells whether an enterprise, as it was on the day, is meant.
func (f *Filter) Holds(e Enterprise) bool {
	if f.Designated != nil && *f.Designated != e.Designated {
		return false
	}
	if len(f.Industry) > 0 && !slices.ContainsFunc(f.Industry, func(s string) bool { return inIndustry(e.Industry, s) }) {
		return false
	}
	return (len(f.Size) == 0 || f.Size.Has(e.Size)) && (len(f.Cluster) == 0 || f.Cluster.Has(e.Cluster)) &&
		(len(f.Tags) == 0 || slices.ContainsFunc(f.Tags, func(t string) bool { return slices.Contains(e.Tags, t) }))
}

// inIndustry tells whether a code (C3670, 3670) lies in a section, a division or below.
func inIndustry(code, in string) bool {
	digits := strings.TrimLeft(code, "ABCDEFGHIJKLMNOPQRST")
	want := strings.TrimLeft(in, "ABCDEFGHIJKLMNOPQRST")
	if want == "" { // a section
		if digits == "" {
			return code == in
		}
		return len(digits) >= 2 && field.Section(digits[:2]) == in
	}
	return strings.HasPrefix(digits, want)
}

// inRegion tells whether a division lies in a region: 440000 holds 44…, 440100 holds 4401…, 440106 itself.
func inRegion(division, region string) bool {
	prefix := region
	for strings.HasSuffix(prefix, "00") {
		prefix = strings.TrimSuffix(prefix, "00")
	}
	return prefix == "" || strings.HasPrefix(division, prefix)
}

// String is the canonical text of a filter: conditions joined by "&" in a fixed order, several values of one as several conditions,
// ascending; "all" where nothing is narrowed. ParseFilter reads it.
func (f Filter) String() string {
	var out []string
	if f.Designated != nil {
		out = append(out, fmt.Sprintf("designated=%t", *f.Designated))
	}
	for _, x := range f.words() {
		for _, s := range slices.Compact(slices.Sorted(slices.Values(*x.of))) {
			out = append(out, x.key+"="+s)
		}
	}
	if len(out) == 0 {
		return "all"
	}
	return strings.Join(out, "&")
}

type filterWords struct {
	key string
	of  *Words
}

func (f *Filter) words() []filterWords {
	return []filterWords{{"industry", &f.Industry}, {"size", &f.Size}, {"tag", &f.Tags}, {"cluster", &f.Cluster}}
}

// maxFilter bounds a filter's text in bytes.
const maxFilter = 1000

// ParseFilter reads the canonical text of a filter, and no other.
func ParseFilter(s string) (Filter, error) {
	var f Filter
	if s == "all" {
		return f, nil
	}
	if len(s) > maxFilter {
		return f, fmt.Errorf("filter of %d bytes; at most %d", len(s), maxFilter)
	}
	for part := range strings.SplitSeq(s, "&") {
		key, value, ok := strings.Cut(part, "=")
		if !ok || value == "" || strings.ContainsAny(value, "@/ \n") {
			return Filter{}, fmt.Errorf("%.80q is not a condition such as size=large", part)
		}
		if key == "designated" {
			yes := value == "true"
			f.Designated = &yes
			continue
		}
		at := slices.IndexFunc(f.words(), func(x filterWords) bool { return x.key == key })
		if at < 0 {
			return Filter{}, fmt.Errorf("%.80q: no condition of this name; there are designated, industry, size, tag and cluster", key)
		}
		list := f.words()[at].of
		*list = append(*list, value)
	}
	if again := f.String(); again != s {
		return Filter{}, fmt.Errorf("%.200q is not canonical; write %q", s, again)
	}
	return f, nil
}

// In tells whether a division (GB/T 2260) lies in a region; "" is everywhere.
func In(division, region string) bool {
	return region == "" || division != "" && inRegion(division, region)
}
