package handle

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// Permissions says who may read and change a value; its four bits are written as digits in the order of the constants
// ("1110" is everything but public write, the default).
type Permissions uint8

// The bits of Permissions.
const (
	AdminRead   Permissions = 8
	AdminWrite  Permissions = 4
	PublicRead  Permissions = 2
	PublicWrite Permissions = 1

	DefaultPermissions = AdminRead | AdminWrite | PublicRead
)

// TTL is how long a value may be kept by those who asked: a duration in seconds, or (Absolute) a time in unix seconds.
type TTL struct {
	Absolute bool
	Seconds  uint32
}

// DefaultTTL is a day.
var DefaultTTL = TTL{Seconds: 86400}

// Value is one value of a handle.
type Value struct {
	Index       uint32 // 1 and up, once in a handle
	Type        string // such as "URL", "HS_ADMIN"; UTF-8, at most MaxType bytes
	Data        []byte // at most MaxData bytes
	TTL         TTL
	Time        uint32 // last change, unix seconds
	Permissions Permissions
	References  []Reference
}

// fixedValue is the least size of a value: index, time, TTL type, TTL, permissions and three empty counts.
const fixedValue = 4 + 4 + 1 + 4 + 1 + 4 + 4 + 4

// AppendValue appends one value as it goes over the wire.
func AppendValue(dst []byte, v Value) []byte {
	dst = binary.BigEndian.AppendUint32(dst, v.Index)
	dst = binary.BigEndian.AppendUint32(dst, v.Time)
	if v.TTL.Absolute {
		dst = append(dst, 1)
	} else {
		dst = append(dst, 0)
	}
	dst = binary.BigEndian.AppendUint32(dst, v.TTL.Seconds)
	dst = append(dst, byte(v.Permissions))
	dst = appendStr(dst, v.Type)
	dst = appendStr(dst, v.Data)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v.References)))
	for _, ref := range v.References {
		dst = appendStr(dst, ref.Handle)
		dst = binary.BigEndian.AppendUint32(dst, ref.Index)
	}
	return dst
}

// AppendValues appends the uint32 number of values and the values.
func AppendValues(dst []byte, vs []Value) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(vs)))
	for _, v := range vs {
		dst = AppendValue(dst, v)
	}
	return dst
}

// DecodeValues reads what AppendValues wrote and returns how many bytes it took. The data are copies. The error is a
// *FormatError.
func DecodeValues(b []byte) ([]Value, int, error) {
	r := reader{b: b}
	vs := r.values()
	if r.err != nil {
		return nil, 0, r.err
	}
	return vs, r.off, nil
}

func (r *reader) values() []Value {
	n := r.count("number of values", MaxValues, fixedValue)
	vs := make([]Value, 0, n)
	for range n {
		v := r.value()
		if r.err != nil {
			return nil
		}
		vs = append(vs, v)
	}
	return vs
}

func (r *reader) value() Value {
	var v Value
	v.Index = r.u32("value index")
	v.Time = r.u32("value timestamp")
	switch kind := r.u8("TTL type"); kind {
	case 0:
	case 1:
		v.TTL.Absolute = true
	default:
		r.fail(malformed("TTL type", kind, "0 (relative) or 1 (absolute)"))
	}
	v.TTL.Seconds = r.u32("TTL")
	v.Permissions = Permissions(r.u8("permissions"))
	v.Type = string(r.str("value type", MaxType))
	v.Data = slices.Clone(r.str("value data", MaxData))
	n := r.count("number of references", MaxReferences, 8)
	for range n {
		ref := Reference{Handle: Name(r.str("reference", MaxName))}
		ref.Index = r.u32("reference index")
		v.References = append(v.References, ref)
	}
	if r.err == nil && !utf8.ValidString(v.Type) {
		r.fail(malformed("value type", v.Type, "must be UTF-8"))
	}
	return v
}

// CheckValue says what keeps a value from being stored: index 0, no type, permissions beyond the four bits, data too
// long, a secret key that everybody may read, or HS_ data that do not decode. The error is a *Refusal with InvalidValue and the index.
func CheckValue(v Value) error {
	refuse := func(rule string) error {
		return Refuse(InvalidValue, []uint32{v.Index}, "value %d of type %q: %s", v.Index, v.Type, rule)
	}
	switch {
	case v.Index == 0:
		return refuse("index 0 is none; 1 and up")
	case v.Type == "" || len(v.Type) > MaxType || !utf8.ValidString(v.Type):
		return refuse("the type must be 1 to 256 bytes of UTF-8")
	case v.Permissions > 15:
		return refuse("permissions have four bits")
	case len(v.Data) > MaxData:
		return refuse("data of at most 1 MiB")
	case len(v.References) > MaxReferences:
		return refuse("at most 64 references")
	case v.Type == TypeSecretKey && v.Permissions&PublicRead != 0:
		return refuse("a secret key must not be public: permissions 1100")
	}
	var err error
	switch v.Type {
	case TypeAdmin:
		_, err = DecodeAdmin(v.Data)
	case TypeSite, TypeSitePrefix:
		_, err = DecodeSite(v.Data)
	case TypeVList:
		_, err = DecodeVList(v.Data)
	case TypePublicKey:
		_, err = DecodePublicKey(v.Data)
	case TypeAlias, TypeService, TypeServicePrefix:
		_, err = ParseName(string(v.Data))
	}
	if err != nil {
		return refuse(err.Error())
	}
	return nil
}

// CheckValues checks each value (CheckValue), their number, that no index stands twice and that the record fits a message.
func CheckValues(name Name, vs []Value) error {
	if len(vs) > MaxValues {
		return Refuse(InvalidValue, nil, "%d values: at most %d", len(vs), MaxValues)
	}
	seen := make(map[uint32]bool, len(vs))
	for _, v := range vs {
		if err := CheckValue(v); err != nil {
			return err
		}
		if seen[v.Index] {
			return Refuse(InvalidValue, []uint32{v.Index}, "index %d stands twice", v.Index)
		}
		seen[v.Index] = true
	}
	if size := RecordSize(name, vs); size > MaxRecord {
		return Refuse(InvalidValue, nil, "the record has %d bytes: at most %d", size, MaxRecord)
	}
	return nil
}

// MaxRecord is the length of a record, in bytes, so that it fits a message with its header, a digest and a signature.
const MaxRecord = MaxMessage - HeaderSize - 33 - 2048

// AppendRecord appends a record: the name and its values sorted by index. It is the tail of a resolution's answer, what an
// index keeps and a server copies out.
func AppendRecord(dst []byte, name Name, vs []Value) []byte {
	if !slices.IsSortedFunc(vs, byIndex) {
		vs = slices.Clone(vs)
		slices.SortFunc(vs, byIndex)
	}
	return AppendValues(appendStr(dst, name), vs)
}

func byIndex(a, b Value) int { return int(int64(a.Index) - int64(b.Index)) }

// RecordSize is the length of the record that AppendRecord would write, in bytes.
func RecordSize(name Name, vs []Value) int {
	n := 4 + len(name) + 4
	for _, v := range vs {
		n += fixedValue + len(v.Type) + len(v.Data)
		for _, ref := range v.References {
			n += 8 + len(ref.Handle)
		}
	}
	return n
}

// DecodeRecord reads a record. The error is a *FormatError.
func DecodeRecord(b []byte) (Name, []Value, error) {
	r := reader{b: b}
	name := Name(r.str("handle", MaxName))
	vs := r.values()
	return name, vs, r.err
}
