package broker

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkDoor publishes QoS 1 messages of 2 KB over 200 connections, from a process of its own, and reports messages
// per second and the CPU of the node's side alone, per million messages. ns/op is per message.
//
//	go test -bench Door -benchtime 500000x ./internal/connect/ingest/broker
func BenchmarkDoor(b *testing.B) {
	for _, c := range []struct {
		name   string
		flight int
		delay  time.Duration
	}{{"flight=32/done=now", 32, 0}, {"flight=32/done=1ms", 32, time.Millisecond}, {"flight=1/done=now", 1, 0}, {"flight=1/done=1ms", 1, time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) { benchDoor(b, 200, c.flight, c.delay) })
	}
}

func benchDoor(b *testing.B, conns, flight int, delay time.Duration) {
	if b.N < conns*flight {
		return // the framework's first guesses
	}
	h := &benchHandler{delay: delay, pending: make(chan func(error), 1<<16)}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	if delay > 0 {
		wg.Go(func() { h.commit(ctx) })
	}
	br, err := New(Options{Handler: h, Plain: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	if err := br.Start(ctx); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("MQTT_LOAD=%s %d %d %d", br.Plain(), conns, flight, b.N/conns))
	out, err := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err != nil || cmd.Start() != nil {
		b.Fatal(err)
	}
	bufio.NewReader(out).ReadString('\n') // all connected
	before := cpu()
	b.ReportAllocs()
	b.ResetTimer()
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	used := cpu() - before
	n := float64(b.N / conns * conns)
	b.ReportMetric(n/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(used.Seconds()/n*1e6, "cpu-s/Mmsg")
	b.ReportMetric(cmd.ProcessState.UserTime().Seconds()/n*1e6+cmd.ProcessState.SystemTime().Seconds()/n*1e6, "generator-cpu-s/Mmsg")
	st := br.Stats()
	b.ReportMetric(float64(st.Acks)/float64(st.Writes), "acks/write")
	br.Stop(context.Background())
	cancel()
	wg.Wait()
}

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type benchHandler struct {
	delay   time.Duration
	pending chan func(error)
}

func (h *benchHandler) Connect(context.Context, *Client) (Session, error) {
	return benchSession{h}, nil
}

// commit is one committer, as the journal has one: it takes what has gathered, sleeps as a disk would, and is done with all of it.
func (h *benchHandler) commit(ctx context.Context) {
	for {
		select {
		case done := <-h.pending:
			group := []func(error){done}
			for n := len(h.pending); n > 0; n-- {
				group = append(group, <-h.pending)
			}
			time.Sleep(h.delay)
			for _, done := range group {
				done(nil)
			}
		case <-ctx.Done():
			return
		}
	}
}

type benchSession struct{ h *benchHandler }

func (s benchSession) Message(_ Message, done func(error)) {
	if s.h.delay == 0 {
		done(nil)
		return
	}
	s.h.pending <- done
}
func (benchSession) MayPublish(string) bool   { return true }
func (benchSession) MaySubscribe(string) bool { return true }
func (benchSession) Subscribed(string)        {}
func (benchSession) Closed(error)             {}

// load is the generator's process.
func load(args string) {
	f := strings.Fields(args)
	conns, _ := strconv.Atoi(f[1])
	flight, _ := strconv.Atoi(f[2])
	each, _ := strconv.Atoi(f[3])
	var ready, wg sync.WaitGroup
	ready.Add(conns)
	start := make(chan struct{})
	for i := range conns {
		wg.Go(func() {
			c, err := net.Dial("tcp", f[0])
			if err != nil {
				panic(err)
			}
			connect := []byte("\x10\x18\x00\x04MQTT\x04\x82\x00\x3c\x00\x06d00000\x00\x04user")
			copy(connect[15:], fmt.Sprintf("%05d", i))
			c.Write(connect)
			if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
				panic(err)
			}
			ready.Done()
			<-start
			loadOne(c, flight, each)
			c.Close()
		})
	}
	ready.Wait()
	fmt.Println("ready")
	close(start)
	wg.Wait()
}

// loadOne keeps flight messages under way until each have been acknowledged.
func loadOne(c net.Conn, flight, each int) {
	const size = 2000
	topic := "spBv1.0/plant/NDATA/node"
	one := append([]byte{0x32, 0, 0, 0, byte(len(topic))}, topic...)
	rest := 2 + len(topic) + 2 + size
	one[1], one[2] = byte(rest&127|128), byte(rest>>7)
	at := len(one)
	one = append(one, make([]byte, 2+size)...)
	acks := make([]byte, 4*flight)
	var buf []byte
	sent, acked, have := 0, 0, 0
	for acked < each {
		buf = buf[:0]
		for sent < each && sent-acked < flight {
			binary.BigEndian.PutUint16(one[at:], uint16(sent%60000+1))
			buf = append(buf, one...)
			sent++
		}
		if len(buf) > 0 {
			if _, err := c.Write(buf); err != nil {
				panic(err)
			}
		}
		n, err := c.Read(acks[have:])
		if err != nil {
			panic(err)
		}
		have += n
		for ; have >= 4; have -= 4 {
			if want := uint16(acked%60000 + 1); acks[0] != 0x40 || binary.BigEndian.Uint16(acks[2:]) != want {
				panic(fmt.Sprintf("acknowledgement % x, want that of %d", acks[:4], want))
			}
			acked++
			copy(acks, acks[4:have])
		}
	}
}

func TestMain(m *testing.M) {
	if args := os.Getenv("MQTT_LOAD"); args != "" {
		load(args)
		return
	}
	os.Exit(m.Run())
}

// BenchmarkIdleConnection reports the memory that a signed-in client takes while it says nothing, its own side included.
func BenchmarkIdleConnection(b *testing.B) {
	br := open(b, &benchHandler{})
	size := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapInuse + m.StackInuse)
	}
	before := size()
	for i := range b.N {
		must(b, br, hello{id: fmt.Sprint(i)})
	}
	b.ReportMetric((size()-before)/float64(b.N)/1024, "KiB/conn")
}
