package ingest

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
)

// echo accepts every CONNECT and acknowledges every PUBLISH as soon as it is read: the least that a generator can wait.
// Acknowledgements that are due when the socket is read empty go out in one write, as a broker at its best would do it.
func echo(ctx context.Context, ready func(address string)) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	ready(l.Addr().String())
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return err
		}
		wg.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			_ = echoConn(conn)
		})
	}
}

func echoConn(conn net.Conn) error {
	in := bufio.NewReaderSize(conn, 64<<10)
	var out []byte
	for {
		if in.Buffered() == 0 && len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
		kind, err := in.ReadByte()
		if err != nil {
			return err
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return err
		}
		switch kind >> 4 {
		case 1:
			out = append(out, 0x20, 2, 0, 0)
		case 12:
			out = append(out, 0xd0, 0)
		case 3:
			if kind&0x06 == 0 {
				break
			}
			head, err := in.Peek(2)
			if err != nil {
				return err
			}
			topic := 2 + int(binary.BigEndian.Uint16(head))
			if head, err = in.Peek(topic + 2); err != nil {
				return err
			}
			out = append(out, 0x40, 2, head[topic], head[topic+1])
		}
		if _, err := in.Discard(int(size)); err != nil {
			return err
		}
	}
}
