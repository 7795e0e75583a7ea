package handle

import (
	"encoding/binary"
	"strings"
)

// Rights are what an HS_ADMIN value lets somebody do (RFC 3651, section 3.2.1; bits as DO-IRP has them).
type Rights uint16

// The bits of Rights.
const (
	AddHandleRight     Rights = 0x001
	DeleteHandleRight  Rights = 0x002
	AddPrefixRight     Rights = 0x004 // make prefixes derived from this one
	DeletePrefixRight  Rights = 0x008
	ModifyValueRight   Rights = 0x010
	RemoveValueRight   Rights = 0x020
	AddValueRight      Rights = 0x040
	ModifyAdminRight   Rights = 0x080 // the same three for HS_ADMIN values
	RemoveAdminRight   Rights = 0x100
	AddAdminRight      Rights = 0x200
	ReadValueRight     Rights = 0x400 // values that not everybody may read
	ListHandlesRight   Rights = 0x800
	AllRights          Rights = 0xfff
	AllButPrefixRights        = AllRights &^ (AddPrefixRight | DeletePrefixRight)
)

// Text writes the twelve rights as digits, "add handle" last as in the bits, such as "011111110011".
func (r Rights) Text() string {
	var b strings.Builder
	for bit := Rights(0x800); bit > 0; bit >>= 1 {
		if r&bit != 0 {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// ParseRights reads what Text writes. The error is a *FormatError.
func ParseRights(s string) (Rights, error) {
	if len(s) == 0 || len(s) > 16 {
		return 0, malformed("rights", s, "up to 12 digits 0 or 1")
	}
	var r uint32
	for _, c := range s {
		if c != '0' && c != '1' {
			return 0, malformed("rights", s, "up to 12 digits 0 or 1")
		}
		r = r<<1 | uint32(c-'0')
	}
	if r > uint32(AllRights) {
		return 0, malformed("rights", s, "up to 12 digits 0 or 1")
	}
	return Rights(r), nil
}

// Admin is the data of an HS_ADMIN value: whoever proves to hold the key at the reference, or one in the HS_VLIST there,
// has the rights. Index 0 stands for every key of the handle.
type Admin struct {
	Rights Rights
	Reference
}

// AppendAdmin appends the data of an HS_ADMIN value.
func AppendAdmin(dst []byte, a Admin) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(a.Rights))
	dst = appendStr(dst, a.Handle)
	return binary.BigEndian.AppendUint32(dst, a.Index)
}

// DecodeAdmin reads the data of an HS_ADMIN value. Old ones carry two bytes more, which are passed over. The error is a
// *FormatError.
func DecodeAdmin(b []byte) (Admin, error) {
	r := reader{b: b}
	var a Admin
	a.Rights = Rights(r.u16("rights")) & AllRights
	a.Handle = Name(r.str("administrator", MaxName))
	a.Index = r.u32("administrator's index")
	return a, r.err
}

// AppendVList appends the data of an HS_VLIST value.
func AppendVList(dst []byte, refs []Reference) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(refs)))
	for _, ref := range refs {
		dst = appendStr(dst, ref.Handle)
		dst = binary.BigEndian.AppendUint32(dst, ref.Index)
	}
	return dst
}

// DecodeVList reads the data of an HS_VLIST value. The error is a *FormatError.
func DecodeVList(b []byte) ([]Reference, error) {
	r := reader{b: b}
	n := r.count("number of references", MaxVList, 8)
	refs := make([]Reference, 0, n)
	for range n {
		ref := Reference{Handle: Name(r.str("reference", MaxName))}
		ref.Index = r.u32("reference index")
		refs = append(refs, ref)
	}
	return refs, r.err
}
