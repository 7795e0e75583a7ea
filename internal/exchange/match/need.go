package match

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// NeedState is where a need stands.
type NeedState string

// The states.
const (
	NeedOpen       NeedState = "open"
	NeedContact    NeedState = "in-contact"
	NeedContracted NeedState = "contracted"
	NeedDone       NeedState = "done"
	NeedWithdrawn  NeedState = "withdrawn"
	NeedLapsed     NeedState = "lapsed" // its deadline passed and nobody was in contact
)

var needNames = map[NeedState]text.Text{
	NeedOpen: {Zh: "待对接", En: "open"}, NeedContact: {Zh: "对接中", En: "in contact"}, NeedContracted: {Zh: "已签约", En: "contracted"},
	NeedDone: {Zh: "已完成", En: "done"}, NeedWithdrawn: {Zh: "已撤回", En: "withdrawn"}, NeedLapsed: {Zh: "已过期", En: "lapsed"},
}

// seeks tells whether a need in this state is matched.
func (s NeedState) seeks() bool { return s == NeedOpen || s == NeedContact }

// Visibility says who sees a need.
type Visibility string

// Public: anybody sees title, kind, trade and province; matched providers see the words too. Matched: only providers whose supply fits
// see it, without the firm's name. Private: only the firm itself, until it gets in contact with a provider.
const (
	VisiblePublic  Visibility = "public"
	VisibleMatched Visibility = "matched"
	VisiblePrivate Visibility = "private"
)

var visibilities = []Visibility{VisiblePublic, VisibleMatched, VisiblePrivate}

// Ways of cooperating (S073).
var ways = []string{purchase, "equity", "joint-research", "transfer", "joint-product", "new-entity"}

// Brief is what a firm says of a need.
type Brief struct {
	Kind       string      `json:"kind" maxLength:"60" doc:"Of the kinds of needs"`
	Title      string      `json:"title" maxLength:"120"`
	Words      string      `json:"words,omitempty" maxLength:"3000"`
	Industry   string      `json:"industry,omitempty" maxLength:"5" doc:"GB/T 4754; that of the enterprise where it is left out"`
	Region     string      `json:"region,omitempty" maxLength:"6" doc:"GB/T 2260; that of the enterprise where it is left out"`
	Size       string      `json:"size,omitempty" enum:",large,medium,small,micro,unknown,not-classed"`
	BudgetFrom *int64      `json:"budgetFrom,omitempty" minimum:"0" doc:"Fen"`
	BudgetTo   *int64      `json:"budgetTo,omitempty" minimum:"0" doc:"Fen"`
	Protocols  []string    `json:"protocols,omitempty" maxItems:"20" doc:"Protocols and equipment"`
	Ways       []string    `json:"ways,omitempty" maxItems:"6" doc:"purchase, equity, joint-research, transfer, joint-product, new-entity; purchase where it is left out"`
	Deadline   string      `json:"deadline,omitempty" format:"date" doc:"The last day on which it is sought"`
	Visibility Visibility  `json:"visibility,omitempty" enum:",public,matched,private" doc:"matched where it is left out"`
	Excluded   []uuid.UUID `json:"excluded,omitempty" maxItems:"50" doc:"Providers with whom the firm will not deal"`
	Origin     string      `json:"origin,omitempty" maxLength:"200" doc:"Where it comes from, such as checkup:ID:QUESTION"`
}

// Need of a firm.
type Need struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Name     text.Text // of the firm
	Code     string    // its credit code, "" where it is not known
	Brief    Brief
	State    NeedState
	Reason   string // of a withdrawal
	Revision int64
	Created  int64
	At       int64
}

// Bounds, in characters.
const (
	minTitle, maxTitle   = 4, 120
	maxNeedWords         = 3000
	maxProtocol          = 60
	minReason, maxReason = 3, 2000
)

// check reads a brief into its normal form and tells all that is wrong. today is a civil day. at is the path before each field.
func (b *Brief) check(kinds *Kinds, today, at string) (bad []*problem.Error) {
	b.Kind, b.Title, b.Words, b.Origin = strings.TrimSpace(b.Kind), strings.TrimSpace(b.Title), strings.TrimSpace(b.Words), strings.TrimSpace(b.Origin)
	if b.Kind == "" {
		bad = append(bad, ErrKindMissing.At(at+"kind", ""))
	} else if _, ok := kinds.Get(b.Kind); !ok {
		bad = append(bad, ErrKind.At(at+"kind", b.Kind))
	}
	if n := utf8.RuneCountInString(b.Title); n < minTitle || n > maxTitle || !readable(b.Title) {
		bad = append(bad, ErrTitle.At(at+"title", b.Title).With("min", minTitle).With("max", maxTitle))
	}
	if utf8.RuneCountInString(b.Words) > maxNeedWords || !readable(b.Words) {
		bad = append(bad, ErrWords.At(at+"words", "").With("max", maxNeedWords))
	}
	form := func(format string, value *string, key string) {
		if *value = strings.TrimSpace(*value); *value == "" {
			return
		}
		normal, fault, mend := field.Formats[format](*value)
		if !fault.IsZero() {
			bad = append(bad, ErrCode.At(at+key, *value).With("reason", fault).With("mend", mend))
		}
		*value = normal
	}
	form("industry", &b.Industry, "industry")
	form("division", &b.Region, "region")
	if !slices.Contains([]string{"", "large", "medium", "small", "micro", "unknown", "not-classed"}, b.Size) {
		bad = append(bad, ErrChoice.At(at+"size", b.Size).With("values", "large, medium, small, micro"))
	}
	for key, v := range map[string]*int64{"budgetFrom": b.BudgetFrom, "budgetTo": b.BudgetTo} {
		if v != nil && (*v < 0 || *v > field.MaxWhole) {
			bad = append(bad, ErrAmount.At(at+key, *v))
		}
	}
	if b.BudgetFrom != nil && b.BudgetTo != nil && *b.BudgetFrom > *b.BudgetTo {
		bad = append(bad, ErrBudget.At(at+"budgetFrom", *b.BudgetFrom).With("from", Money(*b.BudgetFrom)).With("to", Money(*b.BudgetTo)))
	}
	b.Protocols = tidied(b.Protocols)
	for _, p := range b.Protocols {
		if utf8.RuneCountInString(p) > maxProtocol || !readable(p) {
			bad = append(bad, ErrWords.At(at+"protocols", p).With("max", maxProtocol))
		}
	}
	slices.Sort(b.Ways)
	b.Ways = slices.Compact(b.Ways)
	for _, w := range b.Ways {
		if !slices.Contains(ways, w) {
			bad = append(bad, ErrChoice.At(at+"ways", w).With("values", strings.Join(ways, ", ")))
		}
	}
	if b.Deadline != "" {
		if _, ok := field.Day(b.Deadline); !ok || b.Deadline < today {
			bad = append(bad, ErrDeadline.At(at+"deadline", b.Deadline).With("today", today))
		}
	}
	if b.Visibility == "" {
		b.Visibility = VisibleMatched
	}
	if !slices.Contains(visibilities, b.Visibility) {
		bad = append(bad, ErrChoice.At(at+"visibility", string(b.Visibility)).With("values", "public, matched, private"))
	}
	if utf8.RuneCountInString(b.Origin) > 200 || !readable(b.Origin) {
		bad = append(bad, ErrWords.At(at+"origin", b.Origin).With("max", 200))
	}
	return bad
}

// readable tells whether a text has no control characters but line ends and tabs.
func readable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f })
}

func tidied(list []string) (out []string) {
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// want is the need as the matcher sees it.
func (n *Need) want(related []uuid.UUID) *Want {
	b := &n.Brief
	return &Want{ID: n.ID, Org: n.Org, Code: n.Code, Kind: b.Kind, Title: b.Title, Words: b.Words, Trade: b.Industry, Region: b.Region, Size: b.Size,
		From: b.BudgetFrom, To: b.BudgetTo, Protocols: b.Protocols, Ways: b.Ways, Related: related, Excluded: b.Excluded}
}

// today is the civil day of a time in China.
func today(now time.Time) string { return field.DateOf(now.UnixNano()) }
