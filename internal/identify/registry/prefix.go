package registry

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
)

// PrefixState is what a prefix is to this node.
type PrefixState string

// The states of a prefix.
const (
	Allocated PrefixState = "allocated" // given to an organisation, and served nowhere yet
	Homed     PrefixState = "homed"     // this node answers for its identifiers
	Delegated PrefixState = "delegated" // another node does; its handle here says which
	Withdrawn PrefixState = "withdrawn" // taken back: nobody is referred to anybody
)

// moves are the states that may follow each.
var moves = map[PrefixState][]PrefixState{
	"":        {Allocated, Homed, Delegated},
	Allocated: {Homed, Delegated, Withdrawn},
	Homed:     {Allocated, Delegated, Withdrawn},
	Delegated: {Allocated, Homed, Delegated, Withdrawn},
	Withdrawn: {Allocated, Homed, Delegated},
}

// May tells whether a state may follow another; "" is that of a prefix that is not known.
func (s PrefixState) May(next PrefixState) bool { return slices.Contains(moves[s], next) }

// Prefix is a prefix as it stands.
type Prefix struct {
	Number   int64
	Prefix   string // folded
	Name     string // as it was allocated
	Org      uuid.UUID
	State    PrefixState
	Revision int64
	At       int64 // since when it stands so, ns since 1970
}

// Since is At as a time.
func (p *Prefix) Since() time.Time { return time.Unix(0, p.At).UTC() }

// PrefixPast is a state that a prefix was in.
type PrefixPast struct {
	Org      uuid.UUID
	State    PrefixState
	Revision int64
	Since    int64
	Until    int64
	By       IdentifierAuthor
	Reason   string
}

// folded is the key of a prefix.
func folded(prefix string) string { return string(handle.Fold(nil, []byte(prefix))) }

// checkPrefix checks a prefix: that of a name.
func checkPrefix(prefix string) error {
	if len(prefix) > MaxPrefix {
		return handle.Refuse(handle.InvalidName, nil, "prefix %.60q: at most %d bytes", prefix, MaxPrefix)
	}
	if _, err := handle.ParseName(prefix + "/x"); err != nil {
		return handle.Refuse(handle.InvalidName, nil, "%s", err)
	}
	if folded(prefix) == handle.NamingPrefix {
		return handle.Refuse(handle.InvalidName, nil, "%s holds the handles of prefixes and is none of its own", prefix)
	}
	return nil
}

// MaxPrefix bounds a prefix in bytes.
const MaxPrefix = 255

// subject is the prefix to which an identifier belongs: its own, or the one that it stands for (0.NA/88.101: 88.101).
func subject(name handle.Name) string {
	if p, ok := name.OfPrefix(); ok {
		return folded(p)
	}
	return folded(name.Prefix())
}
