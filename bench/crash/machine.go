package crash

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"

	"jingwei/internal/connect/driver/modbus"
)

// machine is a Modbus TCP server whose registers hold a counter in four shapes. Each answer counts on, so each reading
// that was ever served has a number, and a value that was never served can be told.
type machine struct {
	served atomic.Uint64
}

// machinePoint is one of the machine's registers, as the node is told of it.
type machinePoint struct{ key, kind, unit, address, encoding string }

var machinePoints = [4]machinePoint{
	{"half", "float64", "1", "holding:4", "f64"},
	{"count", "int64", "1", "holding:0", "i64"},
	{"odd", "bool", "", "holding:8.0", ""},
	{"text", "string", "", "holding:9", "string:12"},
}

const machineRegisters = 15

// registers are those of reading n.
func registers(n uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, n)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(float64(n)/2))
	b = binary.BigEndian.AppendUint16(b, uint16(n&1))
	return append(b, fmt.Sprintf("n=%010d", n)...)
}

// serve answers until ctx ends.
func (m *machine) serve(ctx context.Context, ln net.Listener) {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		conns.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			defer c.Close()
			m.talk(c)
		})
	}
}

func (m *machine) talk(c net.Conn) {
	var head [modbus.HeaderLen]byte
	for {
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		h, err := modbus.ParseHeader(head[:])
		if err != nil {
			return
		}
		pdu := make([]byte, h.PDU)
		if _, err := io.ReadFull(c, pdu); err != nil {
			return
		}
		area, start, count, err := modbus.ParseRead(pdu)
		var answer []byte
		if err != nil || area != modbus.Holding || start+count > machineRegisters {
			answer = modbus.AppendException(nil, h.Transaction, h.Unit, pdu[0], modbus.IllegalAddress)
		} else {
			answer = modbus.AppendAnswer(nil, h.Transaction, h.Unit, area, registers(m.served.Add(1))[2*start:2*(start+count)])
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}
