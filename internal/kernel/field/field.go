package field

import (
	"jingwei/internal/kernel/text"
)

// Type of a field's value.
type Type string

// The types. In JSON an integer and money are numbers, a decimal is a string ("12.50"; a number is taken too), a date is
// "2026-05-01" (a civil day), a time is RFC 3339, an organisation is its UUID, a list is an array of objects.
const (
	Text    Type = "text"
	Integer Type = "integer"
	Decimal Type = "decimal"
	Money   Type = "money" // whole fen, in CNY
	Boolean Type = "boolean"
	Date    Type = "date"
	Time    Type = "time"
	Choice  Type = "choice"
	Org     Type = "org"
	List    Type = "list"
)

// Types that exist.
var Types = []Type{Text, Integer, Decimal, Money, Boolean, Date, Time, Choice, Org, List}

// Class says who may see.
type Class string

// The classes. Public: anybody, where the record itself is public. Internal: whoever may read the organisation's records.
// Restricted: only those who may change them.
const (
	Public     Class = "public"
	Internal   Class = "internal"
	Restricted Class = "restricted"
)

// Classes from the widest to the narrowest.
var Classes = []Class{Public, Internal, Restricted}

// Reaches tells whether somebody who may see up to a class may see this one.
func (c Class) Reaches(upTo Class) bool { return rank(c) <= rank(upTo) }

// Narrower is the narrower of two classes.
func (c Class) Narrower(other Class) Class {
	if rank(other) > rank(c) {
		return other
	}
	return c
}

func rank(c Class) int {
	switch c {
	case Public:
		return 0
	case Restricted:
		return 2
	}
	return 1
}

// Option is one value of a choice.
type Option struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
}

// Number is an exact decimal as a pack writes it, such as 0.3.
type Number string

// UnmarshalYAML keeps the digits as they are written.
func (n *Number) UnmarshalYAML(b []byte) error {
	*n = Number(unquote(string(b)))
	return nil
}

// Field is one declared field.
type Field struct {
	Key       string    `json:"key" yaml:"key"` // lower camel case, ASCII
	Name      text.Text `json:"name" yaml:"name"`
	Help      text.Text `json:"help,omitzero" yaml:"help,omitempty"`
	Type      Type      `json:"type" yaml:"type"`
	Unit      string    `json:"unit,omitempty" yaml:"unit,omitempty"` // UCUM, or a word such as 户
	Required  bool      `json:"required,omitempty" yaml:"required,omitempty"`
	Class     Class     `json:"class,omitempty" yaml:"class,omitempty"`   // empty: that of the record
	Search    bool      `json:"search,omitempty" yaml:"search,omitempty"` // can be searched, counted and summed by
	MinLength int       `json:"minLength,omitempty" yaml:"minLength,omitempty"`
	MaxLength int       `json:"maxLength,omitempty" yaml:"maxLength,omitempty"` // characters; 0: 500
	Pattern   string    `json:"pattern,omitempty" yaml:"pattern,omitempty"`     // RE2, of the whole text
	Format    string    `json:"format,omitempty" yaml:"format,omitempty"`       // one of Formats
	Min       Number    `json:"min,omitempty" yaml:"min,omitempty"`             // of numbers; money in fen
	Max       Number    `json:"max,omitempty" yaml:"max,omitempty"`
	Places    int       `json:"places,omitempty" yaml:"places,omitempty"` // of a decimal: digits behind the point, 0 to 9
	Options   []Option  `json:"options,omitempty" yaml:"options,omitempty"`
	NotBefore string    `json:"notBefore,omitempty" yaml:"notBefore,omitempty"` // key of a date or time that comes first
	Calc      string    `json:"calc,omitempty" yaml:"calc,omitempty"`           // worked out by the room, never given
	Fields    []Field   `json:"fields,omitempty" yaml:"fields,omitempty"`       // of each item of a list
	MaxItems  int       `json:"maxItems,omitempty" yaml:"maxItems,omitempty"`   // of a list; 0: 100
	Since     string    `json:"since,omitempty" yaml:"since,omitempty"`         // of a list: the item's date since when it holds
	Until     string    `json:"until,omitempty" yaml:"until,omitempty"`         // and its last day
}

// Bounds.
const (
	defaultLength = 500
	maxLength     = 20_000
	defaultItems  = 100
	maxItems      = 1000
	maxFields     = 100
	// MaxRecord bounds a record as JSON, in bytes.
	MaxRecord = 256 << 10
	// MaxWhole is the greatest whole number, 2^53-1: what every reader of JSON keeps exactly (RFC 8259, 6). In fen it is
	// 90 trillion CNY.
	MaxWhole = 1<<53 - 1
)

// Schema is the fields of a record.
type Schema []Field

// Field finds a field by key, nil if there is none. "tags.tag" is a field of a list's items.
func (s Schema) Field(key string) *Field {
	head, rest, nested := cut(key)
	for i := range s {
		if s[i].Key == head {
			if nested {
				return Schema(s[i].Fields).Field(rest)
			}
			return &s[i]
		}
	}
	return nil
}

// Record is what was read, in canonical form: text, date, time, choice, organisation and decimal are strings, integer and money
// int64, boolean bool, a list is a []Record. Fields without a value are absent.
type Record map[string]any

// Fault is one thing wrong with a record.
type Fault struct {
	Path  string    // "amount", "tags[2].from"
	Name  text.Text // of the field, as people know it
	Value string    // what was found there, shortened
	Code  string    // "required", "unknown", "type", "length", "pattern", "format", "range", "places", "option", "order", "items", "calc"
	Text  text.Text // what is wrong
	Mend  text.Text // what to do
}

// Error is for logs.
func (f *Fault) Error() string { return f.Path + ": " + f.Text.En }
