package modbus

import (
	"fmt"
	"strconv"
	"strings"

	"jingwei/internal/connect/driver"
)

// Address is one place in a unit, as it is on the wire: counted from 0.
type Address struct {
	Area   Area
	Number int // 0..65535
	Bit    int // of a register, 0 is the least significant; -1 means the whole
}

// String is the canonical form: holding:100, input:7, coil:3, discrete:9, holding:100.3.
func (a Address) String() string {
	if a.Bit >= 0 {
		return fmt.Sprintf("%v:%d.%d", a.Area, a.Number, a.Bit)
	}
	return fmt.Sprintf("%v:%d", a.Area, a.Number)
}

// areas by the names that people type. Those of Ignition's style (HR1) count from 1.
var areas = map[string]Area{
	"holding": Holding, "hr": Holding, "input": Input, "ir": Input,
	"coil": Coil, "c": Coil, "discrete": Discrete, "di": Discrete,
}

// modicon maps the leading digit of 40001, 30001, 10001 and 00001.
var modicon = map[byte]Area{'4': Holding, '3': Input, '1': Discrete, '0': Coil}

// ParseAddress reads an address as people type it:
//
//	holding:100  input:7  coil:3  discrete:9     canonical, counted from 0; the number may be hexadecimal (0x64)
//	holding:100.3                                bit 3 of the register
//	40001 … 49999, 400001 … 465536               Modicon, counted from 1; 3xxxx input, 1xxxx discrete, 0xxxx coil
//	4x100                                        the same
//	HR1 IR1 C1 DI1                               counted from 1
//	0x64                                         holding register 100, counted from 0
//
// The error is a *driver.FieldError.
func ParseAddress(s string) (Address, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	a := Address{Bit: -1}
	if head, bit, ok := strings.Cut(text, "."); ok {
		n, err := strconv.ParseUint(bit, 10, 8)
		if err != nil || n > 15 {
			return a, addressError(s, "点号后的位号应为 0 到 15", "the bit after the dot must be within 0 and 15")
		}
		text, a.Bit = head, int(n)
	}
	number, base, from := "", 10, 0
	if name, rest, ok := strings.Cut(text, ":"); ok {
		a.Area, number = areas[name], strings.TrimSpace(rest)
	} else if strings.HasPrefix(text, "0x") {
		a.Area, number = Holding, text
	} else if len(text) > 2 && text[1] == 'x' {
		a.Area, number, from = modicon[text[0]], text[2:], 1
	} else if n := strings.IndexAny(text, "0123456789"); n > 0 {
		if name := strings.TrimSpace(text[:n]); len(name) <= 2 {
			a.Area, number, from = areas[name], text[n:], 1
		}
	} else if n == 0 && (len(text) == 5 || len(text) == 6) {
		a.Area, number, from = modicon[text[0]], text[1:], 1
	}
	if a.Area == 0 {
		return a, addressError(s, "无法识别；请写成 holding:100、input:7、coil:3、discrete:9（从 0 计），或 40101、HR101（从 1 计）",
			"not understood; write holding:100, input:7, coil:3 or discrete:9 (counted from 0), or 40101 or HR101 (counted from 1)")
	}
	if from == 0 && strings.HasPrefix(number, "0x") {
		number, base = number[2:], 16
	}
	n, err := strconv.ParseUint(number, base, 32)
	if err != nil || n < uint64(from) || n-uint64(from) > 0xFFFF {
		return a, addressError(s, fmt.Sprintf("编号应在 %d 到 %d 之间", from, 0xFFFF+from),
			fmt.Sprintf("the number must be within %d and %d", from, 0xFFFF+from))
	}
	a.Number = int(n) - from
	if a.Bit >= 0 && a.Area.Bits() {
		return a, addressError(s, "线圈和离散输入本身就是一位，不能再取位", "a coil or discrete input is one bit already; leave the dot and what follows out")
	}
	return a, nil
}

// Normalize turns an address as people type it into the canonical form.
func Normalize(s string) (string, error) {
	a, err := ParseAddress(s)
	if err != nil {
		return "", err
	}
	return a.String(), nil
}

func addressError(value, zh, en string) error {
	return &driver.FieldError{Field: "address", Value: value, Text: driver.Text{Zh: zh, En: en}}
}
