package modbus

import (
	"fmt"
	"strconv"
	"strings"

	"jingwei/internal/connect/driver"
)

// kind is how bits lie in registers.
type kind uint8

const (
	kBool kind = iota + 1
	kI8h       // the high byte of a register
	kU8h
	kI8l // the low byte
	kU8l
	kI16
	kU16
	kI32
	kU32
	kI64
	kU64
	kF16
	kF32
	kF64
	kBCD16
	kBCD32
	kString
	kBytes
)

// kinds gives name, width in registers and whether the raw value is an integer.
var kinds = map[kind]struct {
	name      string
	registers int
	integer   bool
}{
	kBool: {"bool", 1, false},
	kI8h:  {"i8h", 1, true}, kU8h: {"u8h", 1, true}, kI8l: {"i8l", 1, true}, kU8l: {"u8l", 1, true},
	kI16: {"i16", 1, true}, kU16: {"u16", 1, true}, kI32: {"i32", 2, true}, kU32: {"u32", 2, true},
	kI64: {"i64", 4, true}, kU64: {"u64", 4, true},
	kF16: {"f16", 1, false}, kF32: {"f32", 2, false}, kF64: {"f64", 4, false},
	kBCD16: {"bcd16", 1, true}, kBCD32: {"bcd32", 2, true},
}

// maxText is the longest string or byte field: what one request can carry.
const maxText = 2 * MaxRegisters

// encoding is a kind with its length where it has one.
type encoding struct {
	kind  kind
	bytes int // of string and bytes
}

func (e encoding) registers() int {
	if e.kind == kString || e.kind == kBytes {
		return (e.bytes + 1) / 2
	}
	return kinds[e.kind].registers
}

func (e encoding) text() bool    { return e.kind == kString || e.kind == kBytes }
func (e encoding) integer() bool { return kinds[e.kind].integer }
func (e encoding) float() bool   { return e.kind == kF16 || e.kind == kF32 || e.kind == kF64 }

// Encodings lists the encodings that a point may have; N stands for a number of bytes, 1..250.
func Encodings() []string {
	return []string{"bool", "i8h", "i8l", "u8h", "u8l", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "f32", "f64",
		"bcd16", "bcd32", "string:N", "bytes:N"}
}

// parseEncoding reads an encoding; "" is a bit where the address is one, else u16.
func parseEncoding(s string, bit bool) (encoding, error) {
	name, length, sized := strings.Cut(strings.ToLower(strings.TrimSpace(s)), ":")
	bad := func(zh, en string) (encoding, error) {
		return encoding{}, &driver.FieldError{Field: "encoding", Value: s, Text: driver.Text{Zh: zh, En: en}}
	}
	if name == "" && !sized {
		if bit {
			return encoding{kind: kBool}, nil
		}
		return encoding{kind: kU16}, nil
	}
	if name == "string" || name == "bytes" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 1 || n > maxText {
			return bad(fmt.Sprintf("请写字节数，例如 %s:12（1 到 %d）", name, maxText),
				fmt.Sprintf("give the number of bytes, like %s:12 (1 to %d)", name, maxText))
		}
		if name == "string" {
			return encoding{kString, n}, nil
		}
		return encoding{kBytes, n}, nil
	}
	if !sized {
		for k, d := range kinds {
			if d.name == name {
				return encoding{kind: k}, nil
			}
		}
	}
	list := strings.Join(Encodings(), " ")
	return bad("没有这种编码；可用："+list, "there is no such encoding; there are: "+list)
}

// order is how the bytes of a value lie in consecutive registers. ABCD is big-endian, as the specification wants;
// CDAB has the words reversed, BADC the bytes of each word, DCBA both. The same letters stand for 64 bits.
type order struct{ words, bytes bool }

var orders = map[string]order{"ABCD": {}, "AB": {}, "CDAB": {words: true}, "BADC": {bytes: true}, "BA": {bytes: true}, "DCBA": {true, true}}

func parseOrder(field, s string, text bool, def order) (order, error) {
	if s == "" {
		return def, nil
	}
	o, ok := orders[strings.ToUpper(s)]
	if ok && !(text && o.words) {
		return o, nil
	}
	t := driver.Text{Zh: "字节序应为 ABCD、CDAB、BADC 或 DCBA", En: "the order is ABCD, CDAB, BADC or DCBA"}
	if text {
		t = driver.Text{Zh: "字符串的字节序应为 AB（高字节在前）或 BA", En: "the order of a string is AB (high byte first) or BA"}
	}
	return o, &driver.FieldError{Field: field, Value: s, Text: t}
}

// arrange copies registers from wire order into big-endian order, or back: it is its own inverse.
func (o order) arrange(dst, src []byte) {
	n := len(src) / 2
	for i := range n {
		from := i
		if o.words {
			from = n - 1 - i
		}
		a, b := src[2*from], src[2*from+1]
		if o.bytes {
			a, b = b, a
		}
		dst[2*i], dst[2*i+1] = a, b
	}
}
