package modbus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of the Application Protocol Specification V1.1b3, sections 6.1 to 6.4, with a header in front.
func TestSpecificationExamples(t *testing.T) {
	for _, c := range []struct {
		area            Area
		start, count    int
		request, answer string
		data            string
	}{
		{Coil, 19, 19, "010013 0013", "0103CD6B05", "CD6B05"},
		{Discrete, 196, 22, "0200C4 0016", "0203ACDB35", "ACDB35"},
		{Holding, 107, 3, "03006B 0003", "0306022B00000064", "022B00000064"},
		{Input, 8, 1, "040008 0001", "0402000A", "000A"},
	} {
		pdu := unhex(t, string(bytes.ReplaceAll([]byte(c.request), []byte(" "), nil)))
		want := append(unhex(t, "15010000000611"), pdu...)
		if got := AppendRead(nil, 0x1501, 0x11, c.area, c.start, c.count); !bytes.Equal(got, want) {
			t.Errorf("%v request %x, want %x", c.area, got, want)
		}
		area, start, count, err := ParseRead(pdu)
		if err != nil || area != c.area || start != c.start || count != c.count {
			t.Errorf("ParseRead(%x) = %v %d %d %v", pdu, area, start, count, err)
		}
		data, err := ParseAnswer(unhex(t, c.answer), c.area, c.count)
		if err != nil || !bytes.Equal(data, unhex(t, c.data)) {
			t.Errorf("ParseAnswer(%s) = %x %v, want %s", c.answer, data, err, c.data)
		}
		frame := AppendAnswer(nil, 0x1501, 0x11, c.area, unhex(t, c.data))
		h, err := ParseHeader(frame)
		if err != nil || h != (Header{0x1501, 0x11, len(frame) - HeaderLen}) || !bytes.Equal(frame[HeaderLen:], unhex(t, c.answer)) {
			t.Errorf("AppendAnswer = %x, header %+v %v", frame, h, err)
		}
	}
}

func TestAnswersThatDoNotFitAreRefused(t *testing.T) {
	var misfit *AnswerError
	for name, pdu := range map[string]string{
		"other function": "0402000A", "short": "03", "count too small": "03020001", "count lies": "0304000A", "too long": "0304000A000B00",
	} {
		if _, err := ParseAnswer(unhex(t, pdu), Holding, 2); !errors.As(err, &misfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseAnswer([]byte{0x83, 2}, Holding, 2); err != IllegalAddress {
		t.Errorf("exception: %v", err)
	}
}

func TestHeadersThatAreNotModbus(t *testing.T) {
	for name, h := range map[string]string{
		"short": "000100000006", "protocol": "00010001000611", "length 0": "00010000000011", "length 1": "00010000000111", "length 255": "0001000000FF11",
		"http": hex.EncodeToString([]byte("HTTP/1.1 400 Bad")),
	} {
		if _, err := ParseHeader(unhex(t, h)); !errors.Is(err, ErrHeader) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if h, err := ParseHeader(unhex(t, "00010000"+"00FE"+"11")); err != nil || h.PDU != 253 {
		t.Errorf("longest: %+v %v", h, err)
	}
}

func TestServerRefusesWrongReads(t *testing.T) {
	for pdu, want := range map[string]Exception{
		"": IllegalFunction, "0500000001": IllegalFunction, "2B0E0100": IllegalFunction, "030000": IllegalValue,
		"0300000000": IllegalValue, "030000007E": IllegalValue, "01000007D1": IllegalValue, "03FFFF0002": IllegalAddress,
	} {
		if _, _, _, err := ParseRead(unhex(t, pdu)); err != want {
			t.Errorf("%q: %v, want %v", pdu, err, want)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err == nil && (h.PDU < 1 || h.PDU > MaxFrame-HeaderLen) {
			t.Fatalf("%+v", h)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte{3, 2, 0, 1}, byte(3), 1)
	f.Add([]byte{0x83, 2}, byte(3), 1)
	f.Add([]byte{1, 3, 0xCD, 0x6B, 5}, byte(1), 19)
	f.Fuzz(func(t *testing.T, pdu []byte, area byte, count int) {
		if area < 1 || area > 4 || count < 1 || count > MaxBits {
			return
		}
		data, err := ParseAnswer(pdu, Area(area), count)
		if err == nil && len(data) != Area(area).DataLen(count) {
			t.Fatalf("%d bytes for %d", len(data), count)
		}
	})
}

func FuzzParseRead(f *testing.F) {
	f.Add([]byte{3, 0, 0x6B, 0, 3})
	f.Fuzz(func(t *testing.T, pdu []byte) {
		area, start, count, err := ParseRead(pdu)
		if err != nil {
			if _, ok := err.(Exception); !ok {
				t.Fatalf("%T", err)
			}
			return
		}
		again := AppendRead(nil, 1, 1, area, start, count)
		if !bytes.Equal(again[HeaderLen:], pdu) {
			t.Fatalf("%x became %x", pdu, again[HeaderLen:])
		}
	})
}
