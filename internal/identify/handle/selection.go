package handle

import "encoding/binary"

// Access is what the one who asks may see of a record.
type Access uint8

// The kinds of access.
const (
	// PublicOnly sees what everybody may read and passes over the rest in silence (FlagPublicOnly).
	PublicOnly Access = iota
	// Anybody sees what everybody may read, and must say who he is for more.
	Anybody
	// Administrator has proved ReadValueRight and sees what administrators may read.
	Administrator
)

// Select keeps those values of a record (AppendRecord) that the question wants and the access may see, in place, and
// returns the record's new length. It allocates nothing. The code is
//
//   - Success: at least one value is left;
//   - ValueNotFound: none is;
//   - Unauthenticated: a value that is wanted may be read by administrators only;
//   - NoPermission: a value that is wanted by its index may be read by nobody.
//
// In the last two cases, and when the record is damaged (ProtocolError), the bytes are not to be used.
func Select(record []byte, q *QuestionView, access Access) (int, Code) {
	if len(record) < 8 {
		return 0, ProtocolError
	}
	at := 4 + int(binary.BigEndian.Uint32(record))
	if at < 4 || at+4 > len(record) {
		return 0, ProtocolError
	}
	counter := record[at : at+4]
	in := at + 4
	out, kept := in, uint32(0)
	for range binary.BigEndian.Uint32(counter) {
		size := valueSize(record[in:])
		if size == 0 {
			return 0, ProtocolError
		}
		v := record[in : in+size]
		in += size
		permissions := Permissions(v[13])
		byIndex := q.HasIndex(binary.BigEndian.Uint32(v))
		if !q.All() && !byIndex && !q.HasType(valueType(v)) {
			continue
		}
		if string(valueType(v)) == TypeSecretKey {
			permissions &^= PublicRead // whatever was stored
		}
		if permissions&PublicRead == 0 && (access != Administrator || permissions&AdminRead == 0) {
			switch {
			case access == PublicOnly:
				continue
			case permissions&AdminRead == 0 && byIndex:
				return 0, NoPermission
			case permissions&AdminRead == 0:
				continue
			default:
				return 0, Unauthenticated
			}
		}
		if out != in-size {
			copy(record[out:], v)
		}
		out += size
		kept++
	}
	binary.BigEndian.PutUint32(counter, kept)
	if kept == 0 {
		return out, ValueNotFound
	}
	return out, Success
}

// valueSize is the length of the value that b begins with; 0 when it is cut.
func valueSize(b []byte) int {
	be := binary.BigEndian
	at := 14
	for range 2 { // type, data
		if at+4 > len(b) {
			return 0
		}
		n := int(be.Uint32(b[at:]))
		at += 4 + n
		if n < 0 || at > len(b) {
			return 0
		}
	}
	if at+4 > len(b) {
		return 0
	}
	refs := be.Uint32(b[at:])
	at += 4
	for range refs {
		if at+4 > len(b) {
			return 0
		}
		at += 8 + int(be.Uint32(b[at:]))
		if at > len(b) {
			return 0
		}
	}
	return at
}

func valueType(v []byte) []byte {
	n := int(binary.BigEndian.Uint32(v[14:]))
	return v[18 : 18+n]
}
