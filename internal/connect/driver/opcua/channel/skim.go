package channel

import (
	"encoding/binary"
	"reflect"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// gopcua's decoder recurses as deep as a message is nested and makes arrays as long as a message says, so a message of
// a megabyte can exhaust the stack, which no recover catches, or the memory. skim walks a message before it is decoded,
// without keeping anything of it, and refuses what is nested deeper than maxDepth or longer than its bytes.

const (
	maxDepth = 32
	// maxOpaque bounds the body of an extension object of OPC UA's own types that is not walked: too short to be nested
	// harmfully.
	maxOpaque = 16 << 10
)

// bodies are the extension objects that may be long.
var bodies = map[uint32]reflect.Type{
	id.DataChangeNotification_Encoding_DefaultBinary:   reflect.TypeFor[ua.DataChangeNotification](),
	id.StatusChangeNotification_Encoding_DefaultBinary: reflect.TypeFor[ua.StatusChangeNotification](),
}

// skimmer walks bytes. After a fault it stands still.
type skimmer struct {
	b   []byte
	err error
}

func (s *skimmer) fail(format string, args ...any) {
	if s.err == nil {
		s.err = protocol(format, args...)
		s.b = nil
	}
}

func (s *skimmer) skip(n int) []byte {
	if n < 0 || n > len(s.b) {
		s.fail("a message that ends in the middle of a value")
		return nil
	}
	out := s.b[:n]
	s.b = s.b[n:]
	return out
}

func (s *skimmer) byte() byte {
	if b := s.skip(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *skimmer) uint32() uint32 {
	if b := s.skip(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// count reads the length of an array whose elements have least bytes at least; null is 0.
func (s *skimmer) count(least int) int {
	n := s.uint32()
	if n == 0xFFFFFFFF {
		return 0
	}
	if uint64(n)*uint64(least) > uint64(len(s.b)) {
		s.fail("an array of %d in %d bytes", n, len(s.b))
		return 0
	}
	return int(n)
}

func (s *skimmer) bytes() { s.skip(s.count(1)) }

// one skims a value of a type of gopcua's.
func (s *skimmer) one(t reflect.Type, depth int) {
	if s.err != nil {
		return
	}
	if depth > maxDepth {
		s.fail("a message nested deeper than %d", maxDepth)
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[ua.Variant]():
		s.variant(depth)
	case reflect.TypeFor[ua.DataValue]():
		s.dataValue(depth)
	case reflect.TypeFor[ua.DiagnosticInfo]():
		s.diagnostic(depth)
	case reflect.TypeFor[ua.ExtensionObject]():
		s.extension(depth)
	case reflect.TypeFor[ua.NodeID]():
		s.nodeID(s.byte())
	case reflect.TypeFor[ua.ExpandedNodeID]():
		mask := s.byte()
		s.nodeID(mask &^ 0xC0)
		if mask&0x80 != 0 {
			s.bytes()
		}
		if mask&0x40 != 0 {
			s.skip(4)
		}
	case reflect.TypeFor[ua.GUID]():
		s.skip(16)
	case reflect.TypeFor[ua.QualifiedName]():
		s.skip(2)
		s.bytes()
	case reflect.TypeFor[ua.LocalizedText]():
		mask := s.byte()
		for _, bit := range []byte{1, 2} {
			if mask&bit != 0 {
				s.bytes()
			}
		}
	case reflect.TypeFor[time.Time]():
		s.skip(8)
	default:
		s.kind(t, depth)
	}
}

func (s *skimmer) kind(t reflect.Type, depth int) {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			s.one(t.Field(i).Type, depth+1)
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			s.bytes()
			return
		}
		for range s.count(1) {
			if s.one(t.Elem(), depth+1); s.err != nil {
				return
			}
		}
	case reflect.String:
		s.bytes()
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		s.skip(1)
	case reflect.Int16, reflect.Uint16:
		s.skip(2)
	case reflect.Int32, reflect.Uint32, reflect.Float32:
		s.skip(4)
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		s.skip(8)
	default: // an interface: nothing of the messages that are exchanged here has one
		s.fail("a message with a %v in it", t)
	}
}

func (s *skimmer) nodeID(kind byte) {
	switch ua.NodeIDType(kind & 0x3F) {
	case ua.NodeIDTypeTwoByte:
		s.skip(1)
	case ua.NodeIDTypeFourByte:
		s.skip(3)
	case ua.NodeIDTypeNumeric:
		s.skip(6)
	case ua.NodeIDTypeGUID:
		s.skip(18)
	case ua.NodeIDTypeString, ua.NodeIDTypeByteString:
		s.skip(2)
		s.bytes()
	default:
		s.fail("a node id of type %d", kind)
	}
}

// variants are the types of what stands in a variant, by number, and least how many bytes one has at least.
var variants = [26]struct {
	t     reflect.Type
	least int
}{
	ua.TypeIDBoolean: {reflect.TypeFor[bool](), 1}, ua.TypeIDSByte: {reflect.TypeFor[int8](), 1}, ua.TypeIDByte: {reflect.TypeFor[uint8](), 1},
	ua.TypeIDInt16: {reflect.TypeFor[int16](), 2}, ua.TypeIDUint16: {reflect.TypeFor[uint16](), 2}, ua.TypeIDInt32: {reflect.TypeFor[int32](), 4},
	ua.TypeIDUint32: {reflect.TypeFor[uint32](), 4}, ua.TypeIDInt64: {reflect.TypeFor[int64](), 8}, ua.TypeIDUint64: {reflect.TypeFor[uint64](), 8},
	ua.TypeIDFloat: {reflect.TypeFor[float32](), 4}, ua.TypeIDDouble: {reflect.TypeFor[float64](), 8}, ua.TypeIDString: {reflect.TypeFor[string](), 4},
	ua.TypeIDDateTime: {reflect.TypeFor[time.Time](), 8}, ua.TypeIDGUID: {reflect.TypeFor[ua.GUID](), 16}, ua.TypeIDByteString: {reflect.TypeFor[string](), 4},
	ua.TypeIDXMLElement: {reflect.TypeFor[string](), 4}, ua.TypeIDNodeID: {reflect.TypeFor[ua.NodeID](), 2}, ua.TypeIDExpandedNodeID: {reflect.TypeFor[ua.ExpandedNodeID](), 2},
	ua.TypeIDStatusCode: {reflect.TypeFor[uint32](), 4}, ua.TypeIDQualifiedName: {reflect.TypeFor[ua.QualifiedName](), 6},
	ua.TypeIDLocalizedText: {reflect.TypeFor[ua.LocalizedText](), 1}, ua.TypeIDExtensionObject: {reflect.TypeFor[ua.ExtensionObject](), 3},
	ua.TypeIDDataValue: {reflect.TypeFor[ua.DataValue](), 1}, ua.TypeIDVariant: {reflect.TypeFor[ua.Variant](), 1}, ua.TypeIDDiagnosticInfo: {reflect.TypeFor[ua.DiagnosticInfo](), 1},
}

func (s *skimmer) variant(depth int) {
	mask := s.byte()
	kind := mask & 0x3F
	if kind == 0 {
		return // null; gopcua reads nothing more either
	}
	if int(kind) >= len(variants) {
		s.fail("a variant of type %d", kind)
		return
	}
	v := variants[kind]
	if mask&ua.VariantArrayValues == 0 {
		s.one(v.t, depth+1)
		return
	}
	n := s.uint32()
	if n == 0xFFFFFFFF {
		n = 0
	}
	if uint64(n)*uint64(v.least) > uint64(len(s.b)) {
		s.fail("an array of %d in %d bytes", n, len(s.b))
		return
	}
	switch v.t.Kind() {
	case reflect.Struct, reflect.String:
		for range n {
			if s.one(v.t, depth+1); s.err != nil {
				return
			}
		}
	default:
		s.skip(int(n) * v.least)
	}
	if mask&ua.VariantArrayDimensions != 0 {
		k := s.count(4)
		if k > maxDepth {
			s.fail("an array of %d dimensions", k)
			return
		}
		s.skip(4 * k)
	}
}

func (s *skimmer) dataValue(depth int) {
	mask := s.byte()
	if mask&ua.DataValueValue != 0 {
		s.one(reflect.TypeFor[ua.Variant](), depth+1)
	}
	for _, f := range []struct {
		bit byte
		n   int
	}{{ua.DataValueStatusCode, 4}, {ua.DataValueSourceTimestamp, 8}, {ua.DataValueSourcePicoseconds, 2}, {ua.DataValueServerTimestamp, 8}, {ua.DataValueServerPicoseconds, 2}} {
		if mask&f.bit != 0 {
			s.skip(f.n)
		}
	}
}

func (s *skimmer) diagnostic(depth int) {
	mask := s.byte()
	for _, bit := range []byte{ua.DiagnosticInfoSymbolicID, ua.DiagnosticInfoNamespaceURI, ua.DiagnosticInfoLocalizedText, ua.DiagnosticInfoLocale} {
		if mask&bit != 0 {
			s.skip(4)
		}
	}
	if mask&ua.DiagnosticInfoAdditionalInfo != 0 {
		s.bytes()
	}
	if mask&ua.DiagnosticInfoInnerStatusCode != 0 {
		s.skip(4)
	}
	if mask&ua.DiagnosticInfoInnerDiagnosticInfo != 0 {
		s.one(reflect.TypeFor[ua.DiagnosticInfo](), depth+1)
	}
}

func (s *skimmer) extension(depth int) {
	var typ ua.ExpandedNodeID
	start := s.b
	s.one(reflect.TypeFor[ua.ExpandedNodeID](), depth)
	if s.err != nil {
		return
	}
	if _, err := typ.Decode(start); err != nil {
		s.fail("the type of an extension object cannot be decoded")
		return
	}
	if s.byte() == ua.ExtensionObjectEmpty {
		return
	}
	n := s.count(1)
	body := s.skip(n)
	if typ.NodeID == nil || typ.NodeID.Namespace() != 0 {
		return // a structure of the server's own, which is not decoded
	}
	if t := bodies[typ.NodeID.IntID()]; t != nil {
		in := skimmer{b: body}
		if in.one(t, depth+1); in.err != nil && s.err == nil {
			s.err, s.b = in.err, nil
		}
		return
	}
	if n > maxOpaque {
		s.fail("an extension object of type %v with %d bytes", typ.NodeID, n)
	}
}

// skim refuses a message that must not be decoded.
func skim(b []byte) error {
	var typ ua.ExpandedNodeID
	n, err := typ.Decode(b)
	if err != nil {
		return protocol("a message without a type")
	}
	_, v, _ := ua.DecodeService(b[:n]) // of no bytes: an empty one of the type
	if v == nil {
		return ua.StatusBadServiceUnsupported
	}
	s := skimmer{b: b[n:]}
	s.one(reflect.TypeOf(v), 0)
	return s.err
}
