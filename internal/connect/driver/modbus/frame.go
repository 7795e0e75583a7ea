package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Area is one of the four address spaces. Its number is the function code that reads it.
type Area byte

const (
	Coil     Area = 1
	Discrete Area = 2
	Holding  Area = 3
	Input    Area = 4
)

// Bits tells that the area is addressed by bits, not by registers.
func (a Area) Bits() bool { return a == Coil || a == Discrete }

// String is the name used in addresses.
func (a Area) String() string {
	switch a {
	case Coil:
		return "coil"
	case Discrete:
		return "discrete"
	case Holding:
		return "holding"
	case Input:
		return "input"
	}
	return fmt.Sprintf("function %d", byte(a))
}

// Sizes and limits of the protocol.
const (
	HeaderLen    = 7    // MBAP: transaction, protocol, length, unit
	MaxFrame     = 260  // header and the longest PDU of 253 bytes
	MaxRegisters = 125  // in one read
	MaxBits      = 2000 // in one read
	exceptionBit = 0x80
)

// Header is an MBAP header.
type Header struct {
	Transaction uint16
	Unit        byte
	PDU         int // bytes of the PDU that follows, 1..253
}

// ErrHeader: the bytes are not a Modbus TCP header. There is no way to find the next frame behind it.
var ErrHeader = errors.New("not a Modbus TCP header")

// ParseHeader reads the first HeaderLen bytes of b.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderLen {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrHeader, len(b))
	}
	if p := binary.BigEndian.Uint16(b[2:]); p != 0 {
		return Header{}, fmt.Errorf("%w: protocol identifier %d", ErrHeader, p)
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < 2 || n > MaxFrame-6 {
		return Header{}, fmt.Errorf("%w: length %d", ErrHeader, n)
	}
	return Header{binary.BigEndian.Uint16(b), b[6], n - 1}, nil
}

func appendHeader(dst []byte, h Header) []byte {
	dst = binary.BigEndian.AppendUint16(dst, h.Transaction)
	dst = append(dst, 0, 0)
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.PDU+1))
	return append(dst, h.Unit)
}

// AppendRead appends the request to read count registers or bits from start on.
func AppendRead(dst []byte, transaction uint16, unit byte, area Area, start, count int) []byte {
	dst = appendHeader(dst, Header{transaction, unit, 5})
	dst = append(dst, byte(area))
	dst = binary.BigEndian.AppendUint16(dst, uint16(start))
	return binary.BigEndian.AppendUint16(dst, uint16(count))
}

// ParseRead reads the PDU of a read request, as a server does. The error is an Exception to be answered.
func ParseRead(pdu []byte) (area Area, start, count int, err error) {
	if len(pdu) == 0 {
		return 0, 0, 0, IllegalFunction
	}
	area = Area(pdu[0])
	if area < Coil || area > Input {
		return area, 0, 0, IllegalFunction
	}
	if len(pdu) != 5 {
		return area, 0, 0, IllegalValue
	}
	start, count = int(binary.BigEndian.Uint16(pdu[1:])), int(binary.BigEndian.Uint16(pdu[3:]))
	limit := MaxRegisters
	if area.Bits() {
		limit = MaxBits
	}
	if count < 1 || count > limit {
		return area, start, count, IllegalValue
	}
	if start+count > 1<<16 {
		return area, start, count, IllegalAddress
	}
	return area, start, count, nil
}

// AppendAnswer appends the answer to a read: data as the server holds it.
func AppendAnswer(dst []byte, transaction uint16, unit byte, area Area, data []byte) []byte {
	dst = appendHeader(dst, Header{transaction, unit, 2 + len(data)})
	dst = append(dst, byte(area), byte(len(data)))
	return append(dst, data...)
}

// AppendException appends the answer that refuses a request.
func AppendException(dst []byte, transaction uint16, unit byte, function byte, e Exception) []byte {
	dst = appendHeader(dst, Header{transaction, unit, 2})
	return append(dst, function|exceptionBit, byte(e))
}

// DataLen is the number of data bytes in the answer to a read of count.
func (a Area) DataLen(count int) int {
	if a.Bits() {
		return (count + 7) / 8
	}
	return 2 * count
}

// AnswerError: the answer bears the right transaction and unit, but does not fit the request.
type AnswerError struct{ What string }

// Error says what does not fit.
func (e *AnswerError) Error() string { return "answer does not fit the request: " + e.What }

// ParseAnswer reads the PDU of the answer to a read of count, and returns its data (part of pdu). The error is an
// Exception or an *AnswerError.
func ParseAnswer(pdu []byte, area Area, count int) ([]byte, error) {
	switch {
	case len(pdu) < 2:
		return nil, &AnswerError{fmt.Sprintf("%d bytes", len(pdu))}
	case pdu[0] == byte(area)|exceptionBit:
		return nil, Exception(pdu[1])
	case pdu[0] != byte(area):
		return nil, &AnswerError{fmt.Sprintf("function %d instead of %d", pdu[0], byte(area))}
	case int(pdu[1]) != area.DataLen(count) || len(pdu) != 2+area.DataLen(count):
		return nil, &AnswerError{fmt.Sprintf("%d data bytes announced, %d there, %d expected", pdu[1], len(pdu)-2, area.DataLen(count))}
	}
	return pdu[2:], nil
}
