package resolve

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/handle/datagram"
	"jingwei/internal/identify/handle/server"
)

// errWrong is the error of an answer that is not an identifier's.
var errWrong = errors.New("an answer is not code 1")

// requestAt is where the request number stands in a packet; an answer carries it back, in an echo as in a resolution.
const requestAt = 8

// overUDP measures full load, then half of what it found.
func overUDP(ctx context.Context, o Options, what string, to netip.AddrPort, questions [][]byte) (Row, error) {
	threads := runtime.GOMAXPROCS(0)
	h, took, cpu, err := clients(threads, func(i int, h *histogram) error { return flood(ctx, o, to, questions, i, h) })
	if err != nil {
		return Row{}, fmt.Errorf("%s: %w", what, err)
	}
	row := Row{What: what, Rate: float64(h.n) / took.Seconds(), P50: h.quantile(0.5), P99: h.quantile(0.99), CPU: cpu / time.Duration(max(h.n, 1))}
	var lost atomic.Int64
	half, _, _, err := clients(threads, func(i int, h *histogram) error {
		missing, err := pace(ctx, o, to, questions, i, row.Rate/2/float64(threads), h)
		lost.Add(int64(missing))
		return err
	})
	if err != nil {
		return Row{}, fmt.Errorf("%s at half load: %w", what, err)
	}
	row.HalfP50, row.Half, row.Lost = half.quantile(0.5), half.quantile(0.99), int(lost.Load())
	return row, nil
}

// flood keeps a window of questions under way.
func flood(ctx context.Context, o Options, to netip.AddrPort, questions [][]byte, thread int, h *histogram) error {
	conn, err := datagram.Dial(to)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	sent := make([]time.Time, o.Window)
	next := thread * 7919
	put := func(slot int, now time.Time) {
		next++
		sent[slot] = now
		q := append(conn.Slot(), questions[next%len(questions)]...)
		binary.BigEndian.PutUint32(q[requestAt:], uint32(next)<<10|uint32(slot))
		conn.Put(q)
	}
	now := time.Now()
	for slot := range sent {
		put(slot, now)
	}
	conn.Flush()
	for end := now.Add(o.Phase); now.Before(end); {
		conn.SetReadDeadline(now.Add(200 * time.Millisecond))
		n, err := conn.Read()
		if now = time.Now(); errors.Is(err, os.ErrDeadlineExceeded) { // all of the window was lost
			for slot := range sent {
				put(slot, now)
			}
			conn.Flush()
			continue
		}
		if err != nil {
			return cmpErr(ctx, err)
		}
		for i := range n {
			p := conn.Packet(i)
			if code := binary.BigEndian.Uint32(p[24:]); code > 1 {
				return errWrong
			}
			slot := int(binary.BigEndian.Uint32(p[requestAt:]) & 1023)
			if slot < len(sent) {
				h.add(now.Sub(sent[slot]))
				put(slot, now)
			}
		}
		conn.Flush()
	}
	return nil
}

func cmpErr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// pace sends so many questions in a second whether answers come or not, and measures each from when it was due. It returns
// how many were not answered.
func pace(ctx context.Context, o Options, to netip.AddrPort, questions [][]byte, thread int, rate float64, h *histogram) (int, error) {
	conn, err := datagram.Dial(to)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	const ring = 1 << 20
	due := make([]atomic.Int64, ring)
	began := time.Now()
	end := began.Add(o.Phase)
	var sending sync.WaitGroup
	total := int(rate * o.Phase.Seconds())
	sending.Go(func() {
		sent := 0
		for now := time.Now(); now.Before(end) && ctx.Err() == nil; now = time.Now() {
			for want := min(int(now.Sub(began).Seconds()*rate), total); sent < want; sent++ {
				due[sent%ring].Store(int64(float64(sent) / rate * 1e9))
				q := append(conn.Slot(), questions[(sent+thread*7919)%len(questions)]...)
				binary.BigEndian.PutUint32(q[requestAt:], uint32(sent+1))
				conn.Put(q)
			}
			conn.Flush()
			time.Sleep(100 * time.Microsecond)
		}
	})
	defer sending.Wait()
	conn.SetReadDeadline(end.Add(500 * time.Millisecond))
	for h.n < total {
		n, err := conn.Read()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
		if err != nil {
			return 0, cmpErr(ctx, err)
		}
		now := time.Since(began)
		for i := range n {
			at := int(binary.BigEndian.Uint32(conn.Packet(i)[requestAt:])) - 1
			if at >= 0 {
				h.add(now - time.Duration(due[at%ring].Load()))
			}
		}
	}
	return total - h.n, nil
}

// overTCP asks one question after the other on each of its connections.
func overTCP(ctx context.Context, o Options, to netip.AddrPort, questions [][]byte) (Row, error) {
	return inTurn(ctx, o, "handle over TCP", func(i int, h *histogram) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
		if err != nil {
			return err
		}
		defer conn.Close()
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
		buf := make([]byte, 64<<10)
		end := time.Now().Add(o.Phase)
		for n := i * 7919; ; n++ {
			began := time.Now()
			if began.After(end) {
				return nil
			}
			if _, err := conn.Write(questions[n%len(questions)]); err != nil {
				return cmpErr(ctx, err)
			}
			if err := readAnswer(conn, buf); err != nil {
				return cmpErr(ctx, err)
			}
			h.add(time.Since(began))
		}
	})
}

func readAnswer(r io.Reader, buf []byte) error {
	at := 0
	for want := handle.EnvelopeSize + handle.HeaderSize; at < want; {
		n, err := r.Read(buf[at:])
		if err != nil {
			return err
		}
		if at += n; at >= handle.EnvelopeSize {
			want = handle.EnvelopeSize + int(binary.BigEndian.Uint32(buf[16:]))
		}
	}
	if binary.BigEndian.Uint32(buf[24:]) != 1 {
		return errWrong
	}
	return nil
}

// overHTTP posts one question after the other on each of its connections.
func overHTTP(ctx context.Context, o Options, what string, to netip.AddrPort, questions [][]byte) (Row, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: o.Connections}
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport}
	url := "http://" + to.String() + "/"
	return inTurn(ctx, o, what, func(i int, h *histogram) error {
		end := time.Now().Add(o.Phase)
		for n := i * 7919; ; n++ {
			began := time.Now()
			if began.After(end) {
				return nil
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(questions[n%len(questions)]))
			if err != nil {
				return err
			}
			r.Header.Set("Content-Type", server.MessageType)
			resp, err := c.Do(r)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != http.StatusOK {
				return errors.Join(err, fmt.Errorf("status %d", resp.StatusCode))
			}
			h.add(time.Since(began))
		}
	})
}

func inTurn(ctx context.Context, o Options, what string, run func(i int, h *histogram) error) (Row, error) {
	h, took, cpu, err := clients(o.Connections, run)
	if err != nil {
		return Row{}, fmt.Errorf("%s: %w", what, cmpErr(ctx, err))
	}
	return Row{What: what, Rate: float64(h.n) / took.Seconds(), P50: h.quantile(0.5), P99: h.quantile(0.99), CPU: cpu / time.Duration(max(h.n, 1))}, nil
}
