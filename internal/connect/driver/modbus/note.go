package modbus

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"jingwei/internal/connect/driver"
)

// Note decodes a frame in one line: "#12 unit 1 read holding 100..101", and of its answer the values.
func (Driver) Note(f driver.Frame) string {
	h, err := ParseHeader(f.Data)
	if err != nil {
		return err.Error()
	}
	head := fmt.Sprintf("#%d unit %d ", h.Transaction, h.Unit)
	pdu := f.Data[HeaderLen:]
	if len(pdu) < h.PDU {
		return head + "cut short"
	}
	pdu = pdu[:h.PDU]
	area := Area(pdu[0] &^ exceptionBit)
	switch {
	case f.Sent && len(pdu) == 5:
		start, count := int(binary.BigEndian.Uint16(pdu[1:])), int(binary.BigEndian.Uint16(pdu[3:]))
		return fmt.Sprintf("%sread %v %d..%d (function %d, %d)", head, area, start, start+count-1, pdu[0], count)
	case pdu[0]&exceptionBit != 0 && len(pdu) >= 2:
		return fmt.Sprintf("%s%v refused: %v", head, area, Exception(pdu[1]))
	case len(pdu) >= 2 && int(pdu[1]) == len(pdu)-2 && area >= Coil && area <= Input:
		return fmt.Sprintf("%s%v = %s", head, area, noteValues(area, pdu[2:]))
	}
	return fmt.Sprintf("%sfunction %d: %s", head, pdu[0], hex.EncodeToString(pdu[1:]))
}

// noteMost is how many registers or bits a note tells.
const noteMost = 32

func noteValues(area Area, data []byte) string {
	var words []string
	more := ""
	if area.Bits() {
		n := 8 * len(data)
		if n > noteMost {
			n, more = noteMost, " …"
		}
		return bitList(n, func(i int) bool { return data[i/8]>>(i%8)&1 != 0 }) + more
	}
	for i := 0; i+1 < len(data); i += 2 {
		if len(words) == noteMost {
			more = " …"
			break
		}
		words = append(words, strconv.Itoa(int(binary.BigEndian.Uint16(data[i:]))))
	}
	return strings.Join(words, " ") + more
}
