package opcua

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/gopcua/opcua/ua"

	"jingwei/internal/connect/driver"
)

// Address is the address of a variable, or of one element of an array variable.
type Address struct {
	URI       string // of the namespace; "" where Namespace counts
	Namespace uint16 // index; valid for one start of the server only, which is why a URI is better
	Kind      byte   // 'i' numeric, 's' string, 'g' GUID, 'b' opaque
	ID        string // as written, without the prefix
	Index     int    // of the array element; -1 where there is none
}

// UnitMark in a string identifier stands for the unit of the point, so that machines of one template live in one server.
const UnitMark = "{unit}"

const (
	maxAddress = 1024 // bytes
	maxIndex   = 1<<31 - 1
)

func addressError(address, zh, en string) error {
	if len(address) > 200 {
		address = address[:200] + "…"
	}
	return &driver.FieldError{Field: "address", Value: address, Text: driver.Text{Zh: zh, En: en}}
}

// ParseAddress reads what people type:
//
//	nsu=urn:plant:line1;s=Line1.T1   the namespace by its URI: right after every change of the server's configuration
//	ns=2;s=Line1.T1                  the namespace by its index
//	i=2258                           numeric, in namespace 0; also ns=3;i=1001
//	g=…, b=…                         GUID, opaque (Base64)
//	2!Line1.T1                       as EMQX Neuron writes it; an identifier of digits alone is numeric there
//
// One element of an array has its index behind it: ns=2;i=1001[3]. Brackets at the end of a string identifier belong to
// the identifier ("DB1"."speed"[3] is how a Siemens controller names a node), so there they are doubled: ns=2;s=Arr[[3]].
// The error is a *driver.FieldError.
func ParseAddress(s string) (Address, error) {
	a := Address{Index: -1}
	bad := func(zh, en string) (Address, error) { return Address{}, addressError(s, zh, en) }
	rest := strings.TrimSpace(s)
	if rest == "" || len(rest) > maxAddress || strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r == 0x7F || r == 0xFFFD }) {
		return bad("请写节点地址，例如 nsu=urn:plant:line1;s=Line1.T1 或 ns=2;s=Line1.T1 或 i=2258",
			"give a node's address, like nsu=urn:plant:line1;s=Line1.T1, ns=2;s=Line1.T1 or i=2258")
	}
	key, value, ok := strings.Cut(rest, "=")
	switch {
	case ok && strings.EqualFold(key, "nsu"):
		uri, id, ok := strings.Cut(value, ";")
		if !ok || uri == "" {
			return bad("nsu= 后应为命名空间 URI，再写分号和标识，例如 nsu=urn:plant:line1;s=T1", "behind nsu= come the namespace's URI, a semicolon and the identifier, like nsu=urn:plant:line1;s=T1")
		}
		a.URI, rest = unescape(uri), id
	case ok && strings.EqualFold(key, "ns"):
		n, id, ok := strings.Cut(value, ";")
		ns, err := strconv.ParseUint(n, 10, 16)
		if !ok || err != nil {
			return bad("ns= 后应为 0 到 65535 的命名空间序号，再写分号和标识，例如 ns=2;s=T1", "behind ns= come the namespace's index, 0 to 65535, a semicolon and the identifier, like ns=2;s=T1")
		}
		a.Namespace, rest = uint16(ns), id
	case !ok || !strings.Contains("isgbISGB", key) || len(key) != 1:
		n, id, ok := strings.Cut(rest, "!")
		ns, err := strconv.ParseUint(n, 10, 16)
		if !ok || err != nil || id == "" {
			return bad("无法识别；请写 nsu=…;s=…、ns=2;s=…、i=2258 或 2!Line1.T1", "is not understood; write nsu=…;s=…, ns=2;s=…, i=2258 or 2!Line1.T1")
		}
		a.Namespace = uint16(ns)
		kind := "s="
		if strings.Trim(id, "0123456789") == "" {
			kind = "i="
		}
		rest = kind + id
	}
	key, id, ok := strings.Cut(rest, "=")
	if !ok || len(key) != 1 || !strings.Contains("isgbISGB", key) || id == "" {
		return bad("缺少标识；应为 i=数字、s=字符串、g=GUID 或 b=Base64", "lacks the identifier: i= and a number, s= and a string, g= and a GUID, or b= and Base64")
	}
	a.Kind = key[0] | 0x20
	if a.ID, a.Index, ok = cutIndex(id, a.Kind == 's'); !ok {
		return bad("数组下标应为 0 或正整数", "the index of an array element is a whole number from 0 on")
	}
	switch a.Kind {
	case 'i':
		n, err := strconv.ParseUint(a.ID, 10, 32)
		if err != nil {
			return bad("i= 后应为 0 到 4294967295 的整数", "behind i= comes a whole number up to 4294967295")
		}
		a.ID = strconv.FormatUint(n, 10)
	case 'g':
		g, err := uuid.Parse(a.ID)
		if err != nil || len(a.ID) != 36 {
			return bad("g= 后应为 GUID，例如 09087e75-8e5e-499b-954f-f2a9603db28a", "behind g= comes a GUID, like 09087e75-8e5e-499b-954f-f2a9603db28a")
		}
		a.ID = g.String()
	case 'b':
		raw, err := base64.StdEncoding.DecodeString(a.ID)
		if err != nil || len(raw) == 0 {
			return bad("b= 后应为 Base64", "behind b= comes Base64")
		}
		a.ID = base64.StdEncoding.EncodeToString(raw)
	}
	if a.Namespace == 0 && a.URI == coreURI {
		a.URI = ""
	}
	return a, nil
}

// coreURI is namespace 0 of every server.
const coreURI = "http://opcfoundation.org/UA/"

// cutIndex takes the array index off an identifier: [3], or [[3]] where brackets belong to identifiers.
func cutIndex(id string, doubled bool) (rest string, index int, ok bool) {
	from, to := "[", "]"
	if strings.HasSuffix(id, "]]") && strings.Contains(id, "[[") {
		from, to = "[[", "]]"
	} else if doubled || !strings.HasSuffix(id, "]") {
		return id, -1, true
	}
	at := strings.LastIndex(id, from)
	if at <= 0 {
		return id, -1, doubled
	}
	n, err := strconv.ParseUint(id[at+len(from):len(id)-len(to)], 10, 32)
	if err != nil || n > maxIndex {
		return id, -1, doubled && from == "["
	}
	return id[:at], int(n), true
}

// unescape undoes the two escapes of a URI in an address (OPC 10000-6, 5.1.12).
func unescape(uri string) string {
	return strings.NewReplacer("%3B", ";", "%3b", ";", "%25", "%").Replace(uri)
}

// String is the canonical form.
func (a Address) String() string {
	var b strings.Builder
	switch {
	case a.URI != "":
		b.WriteString("nsu=" + strings.NewReplacer("%", "%25", ";", "%3B").Replace(a.URI) + ";")
	case a.Namespace != 0:
		fmt.Fprintf(&b, "ns=%d;", a.Namespace)
	}
	b.WriteByte(a.Kind)
	b.WriteByte('=')
	b.WriteString(a.ID)
	switch {
	case a.Index >= 0 && a.Kind == 's':
		fmt.Fprintf(&b, "[[%d]]", a.Index)
	case a.Index >= 0:
		fmt.Fprintf(&b, "[%d]", a.Index)
	}
	return b.String()
}

// Normalize turns an address as people type it into the canonical form.
func Normalize(address string) (string, error) {
	a, err := ParseAddress(address)
	if err != nil {
		return "", err
	}
	return a.String(), nil
}

// At puts the unit where the address leaves room for it.
func (a Address) At(unit string) (Address, error) {
	if a.Kind != 's' || !strings.Contains(a.ID, UnitMark) {
		return a, nil
	}
	if unit == "" {
		return a, &driver.FieldError{Field: "unit", Value: unit, Text: driver.Text{
			Zh: "地址中有 {unit}，请在设备的连接中填写单元，例如 Turbine1", En: "the address has {unit} in it: give the unit of the machine's connection, like Turbine1"}}
	}
	a.ID = strings.ReplaceAll(a.ID, UnitMark, unit)
	return a, nil
}

// Node resolves the address among a server's namespaces; ok is false where the server does not have the namespace.
func (a Address) Node(namespaces []string) (id *ua.NodeID, ok bool) {
	ns := a.Namespace
	if a.URI != "" {
		i := 0
		for ; i < len(namespaces) && namespaces[i] != a.URI; i++ {
		}
		if i == len(namespaces) {
			return nil, false
		}
		ns = uint16(i)
	}
	switch a.Kind {
	case 'i':
		n, err := strconv.ParseUint(a.ID, 10, 32)
		return ua.NewNumericNodeID(ns, uint32(n)), err == nil
	case 'g':
		return ua.NewGUIDNodeID(ns, a.ID), true
	case 'b':
		raw, err := base64.StdEncoding.DecodeString(a.ID)
		return ua.NewByteStringNodeID(ns, raw), err == nil
	}
	return ua.NewStringNodeID(ns, a.ID), true
}

// addressOf is the address of a node that the server told us, by URI wherever the namespace has one.
func addressOf(id *ua.NodeID, namespaces []string) (Address, bool) {
	if id == nil {
		return Address{}, false
	}
	a := Address{Namespace: id.Namespace(), Index: -1}
	if n := int(a.Namespace); n > 0 && n < len(namespaces) && namespaces[n] != "" {
		a.URI, a.Namespace = namespaces[n], 0
	}
	switch id.Type() {
	case ua.NodeIDTypeTwoByte, ua.NodeIDTypeFourByte, ua.NodeIDTypeNumeric:
		a.Kind, a.ID = 'i', strconv.FormatUint(uint64(id.IntID()), 10)
	case ua.NodeIDTypeString:
		a.Kind, a.ID = 's', id.StringID()
	case ua.NodeIDTypeGUID:
		a.Kind, a.ID = 'g', strings.ToLower(id.StringID())
	case ua.NodeIDTypeByteString:
		a.Kind, a.ID = 'b', id.StringID()
	default:
		return Address{}, false
	}
	return a, a.ID != ""
}
