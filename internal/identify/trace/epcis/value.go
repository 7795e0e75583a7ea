package epcis

// Kind is what a Value is.
type Kind byte

// The kinds of values.
const (
	Null Kind = iota
	Text
	Number // Text holds the literal
	Bool   // Text is "true" or "false"
	Object
	List
)

// Value is a value of JSON, or what stands in an element of XML, with the order of its members kept.
type Value struct {
	Kind    Kind
	Text    string
	Members []Member
	Items   []Value
}

// Member is a named value of an object.
type Member struct {
	Name  Name
	Value Value
}

// Name is the name of an extension field. The zero Space is no namespace.
type Name struct {
	Prefix string // as the document wrote it; carries no meaning
	Space  string
	Local  string
}

// Is tells whether two names are the same name.
func (n Name) Is(m Name) bool { return n.Space == m.Space && n.Local == m.Local }

// String is "{space}local", or the local name alone.
func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// Prefix declares what a prefix of CURIEs stands for.
type Prefix struct{ Prefix, Space string }

// TextValue is a string.
func TextValue(s string) Value { return Value{Kind: Text, Text: s} }

// get is the member without a namespace of this name.
func (v *Value) get(local string) (Value, bool) {
	for i := range v.Members {
		if v.Members[i].Name.Local == local && v.Members[i].Name.Space == "" {
			return v.Members[i].Value, true
		}
	}
	return Value{}, false
}
