package registry

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"jingwei/internal/identify/handle"
)

// Operation is what made a version of an identifier.
type Operation string

// The operations.
const (
	Create  Operation = "create"
	Replace Operation = "replace" // all values, by a create that may overwrite
	Delete  Operation = "delete"
	Add     Operation = "add"
	Modify  Operation = "modify"
	Remove  Operation = "remove"
)

// IdentifierAuthor is who made a version.
type IdentifierAuthor struct {
	Kind string `json:"kind" doc:"person, token, handle (over the wire) or system"`
	ID   string `json:"id,omitempty"`
	Name string `json:"name" doc:"The name at that time; of a handle index:handle"`
	Via  string `json:"via" doc:"session, token, HS_PUBKEY, HS_SECKEY, …"`
}

// Version is an identifier as it stood from a change to the next one.
type Version struct {
	Serial    int64
	Name      handle.Name
	Org       uuid.UUID // whose prefix it is now
	Prefix    int64
	Operation Operation
	By        IdentifierAuthor
	At        int64  // when it was committed, ns since 1970
	Until     int64  // when the next one was; store.Forever of the one that holds
	Template  int64  // number; 0 for none
	Record    []byte // empty where the operation deleted the identifier
}

// Gone tells whether the identifier was deleted.
func (v *Version) Gone() bool { return len(v.Record) == 0 }

// Values are the values of the record.
func (v *Version) Values() ([]handle.Value, error) {
	if v.Gone() {
		return nil, nil
	}
	_, values, err := handle.DecodeRecord(v.Record)
	return values, err
}

// canonicalVersion begins the canonical bytes of a version.
const canonicalVersion = "jingwei-identifier-version/1\n"

// Canonical is the one sequence of bytes of a version, which stands in the evidence log: the format's line, serial and time as eight bytes
// each, then operation, name, kind, id, name and via of the author, and the record, each with its length in four bytes before it; all
// numbers big-endian.
func (v *Version) Canonical() []byte {
	b := append(make([]byte, 0, 160+len(v.Record)), canonicalVersion...)
	b = binary.BigEndian.AppendUint64(b, uint64(v.Serial))
	b = binary.BigEndian.AppendUint64(b, uint64(v.At))
	for _, s := range []string{string(v.Operation), string(v.Name), v.By.Kind, v.By.ID, v.By.Name, v.By.Via} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v.Record))), v.Record...)
}

// chainOf is the hash by which a commit is known again: over that of the commit before it, its number and time, and its versions.
func chainOf(before []byte, number, at int64, records [][]byte) [32]byte {
	h := sha256.New()
	h.Write(before)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(number)))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(at)))
	for _, r := range records {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(r))))
		h.Write(r)
	}
	return [32]byte(h.Sum(nil))
}
