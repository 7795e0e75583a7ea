package figure

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/field"
)

// All is the filter that leaves nobody out.
const All = "all"

// Key says what a figure is of. Its zero fields: no keeper is named; no baseline; not of a single enterprise.
type Key struct {
	Keeper    uuid.UUID // organisation whose register draws the population
	Indicator string    // id of a definition
	Filter    string    // canonical text of an indicator.Filter: "all", "designated=true&size=large"
	Kind      string    // of the period: moment, day, month, quarter, year
	Period    string    // its label: 2026, 2026-Q3, 2026-06, 2026-06-30
	Baseline  string    // day, of what is a change; "" else
	Code      string    // unified social credit code of one enterprise; "" for the population
}

// ErrKey says that a text names no figure.
var ErrKey = errors.New("no key of a figure; write it as machine-networking@designated=true/2026-06")

// space is the name space of the ids of figures (RFC 9562, 6.6).
var space = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:jingwei:figure"))

var (
	indicatorForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)
	codeForm      = regexp.MustCompile(`^[0-9A-Z]{1,40}$`)
)

const (
	maxFilter = 2000      // bytes
	moment    = "at-"     // before the label of a moment, which is spelt like that of a day
	baseline  = "~"       // before the day of a baseline
	firm      = "#"       // before a credit code
	maxKey    = 36 + 2200 // bytes
)

// ID is the same for every revision of a figure: a UUID, version 5, of String.
func (k Key) ID() uuid.UUID { return uuid.NewSHA1(space, []byte(k.String())) }

// String is the one spelling of a key: the keeper and ":", then Name.
func (k Key) String() string {
	if k.Keeper == uuid.Nil {
		return k.Name()
	}
	return k.Keeper.String() + ":" + k.Name()
}

// Name is the spelling without the keeper: indicator, "@" and the filter where it narrows, "/" and the period ("at-" before a moment),
// "~" and the baseline, "#" and the enterprise: machine-networking@designated=true/2026-06, energy-saving/2018~2015-12-31.
func (k Key) Name() string {
	var b strings.Builder
	b.WriteString(k.Indicator)
	if k.Filter != All {
		b.WriteString("@" + k.Filter)
	}
	b.WriteByte('/')
	if k.Kind == "moment" {
		b.WriteString(moment)
	}
	b.WriteString(k.Period)
	if k.Baseline != "" {
		b.WriteString(baseline + k.Baseline)
	}
	if k.Code != "" {
		b.WriteString(firm + k.Code)
	}
	return b.String()
}

// ParseKey reads what String and Name write. Error: ErrKey with what is wrong.
func ParseKey(s string) (k Key, err error) {
	if len(s) > maxKey {
		return k, fmt.Errorf("%w: it is longer than %d bytes", ErrKey, maxKey)
	}
	rest := s
	if len(s) > 36 && s[36] == ':' {
		if k.Keeper, err = uuid.Parse(s[:36]); err != nil || k.Keeper.String() != s[:36] || k.Keeper == uuid.Nil {
			return Key{}, fmt.Errorf("%w: %q is no id of an organisation", ErrKey, s[:36])
		}
		rest = s[37:]
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 {
		return Key{}, fmt.Errorf("%w: %.100q has no period", ErrKey, s)
	}
	var narrow bool
	k.Indicator, k.Filter, narrow = strings.Cut(rest[:slash], "@")
	if !narrow {
		k.Filter = All
	}
	var code, base bool
	when := rest[slash+1:]
	when, k.Code, code = strings.Cut(when, firm)
	when, k.Baseline, base = strings.Cut(when, baseline)
	k.Kind, k.Period = kindOf(when)
	if err := k.Check(); err != nil {
		return Key{}, err
	}
	if narrow && k.Filter == All || code && k.Code == "" || base && k.Baseline == "" {
		return Key{}, fmt.Errorf("%w: %.100q names nothing where it should", ErrKey, s)
	}
	return k, nil
}

// kindOf tells the kind of period that a label is of.
func kindOf(label string) (kind, rest string) {
	if at, ok := strings.CutPrefix(label, moment); ok {
		return "moment", at
	}
	switch {
	case len(label) == len("2026"):
		return "year", label
	case strings.Contains(label, "Q"):
		return "quarter", label
	case len(label) == len("2026-06"):
		return "month", label
	}
	return "day", label
}

// isCode tells whether a text may be a credit code.
func isCode(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= 40
}

// Check tells what is wrong with a key. Error: ErrKey.
func (k Key) Check() error {
	switch f, err := indicator.ParseFilter(k.Filter); {
	case !indicatorForm.MatchString(k.Indicator):
		return fmt.Errorf("%w: %.100q is no id of an indicator", ErrKey, k.Indicator)
	case err != nil || len(k.Filter) > maxFilter || f.String() != k.Filter:
		return fmt.Errorf("%w: %.100q is not the one spelling of a filter", ErrKey, k.Filter)
	case k.Code != "" && !isCode(k.Code):
		return fmt.Errorf("%w: %.100q is no credit code", ErrKey, k.Code)
	}
	if _, ok := k.Time(); !ok {
		return fmt.Errorf("%w: %.20q is no %s", ErrKey, k.Period, k.Kind)
	}
	if _, ok := field.Day(k.Baseline); k.Baseline != "" && !ok {
		return fmt.Errorf("%w: the baseline %.20q is no day", ErrKey, k.Baseline)
	}
	return nil
}

// Time is the period with its days; false where there is none of that label.
func (k Key) Time() (indicator.Period, bool) { return indicator.ParsePeriod(k.Kind, k.Period) }

// Of is the key of one enterprise's value of the same.
func (k Key) Of(code string) Key {
	k.Code = code
	return k
}

// Column is the key of the column in which the observations of a source stand: the same whatever the filter. What this node observes
// itself is the same for all keepers.
func (k Key) Column(source string) ColumnKey {
	out := ColumnKey{k.Keeper, source, k.Indicator, k.Kind, k.Period, k.Baseline}
	if source == Local {
		out.Keeper = uuid.Nil
	}
	return out
}
