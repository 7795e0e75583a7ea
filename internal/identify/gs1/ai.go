package gs1

// AI is what the dictionary says of an Application Identifier, or of a range of them that differ in their last digit.
type AI struct {
	First, Last string // 2 to 4 digits, the same where it is one AI
	Title       string // as printed beside the bars, such as "BATCH/LOT"
	Predefined  bool   // its length is known from its first two digits: no FNC1 follows it
	Attribute   bool   // may stand in the query of a Digital Link
	Key         bool   // may be the primary key of a Digital Link
	Components  []Component
	Shortest    int // length of a value, in characters
	Longest     int
	Company     int          // where in a value the GS1 Company Prefix begins; -1 where there is none
	Requires    [][][]string // each to be met by one group, all of whose AIs are there; "35nn" is any that begins with 35
	Excludes    []string     // AIs, or patterns, that must not be there too
	Qualifiers  [][]string   // of a key: alternatives, each in the order in which they stand in a path
}

// Component is a part of a value. Only the last may vary in length; after an optional one only optional ones follow.
type Component struct {
	Set      Set
	Min, Max int // in characters
	Optional bool
	linters  []linter
}

type prefix struct{ length, from, to int }

// Lookup returns what is known of an AI; nil where there is no such AI.
func Lookup(ai string) *AI {
	if d := leading(ai); d != nil && len(d.First) == len(ai) {
		return d
	}
	return nil
}

// All returns everything in the dictionary, in the order of the AIs. It is not to be changed.
func All() []AI { return ais[:] }

// leading finds the AI with which s begins.
func leading(s string) *AI {
	if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return nil
	}
	p := prefixes[int(s[0]-'0')*10+int(s[1]-'0')]
	if p.length == 0 || len(s) < p.length {
		return nil
	}
	code := s[:p.length]
	for i := p.from; i < p.to; i++ {
		if d := &ais[i]; code >= d.First && code <= d.Last && isDigit(code[p.length-1]) {
			return d
		}
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// digits returns the position of the first character that is no digit, or -1.
func digits(s string) int {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return i
		}
	}
	return -1
}
