package sparkplug

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"jingwei/internal/peertest"
)

// attach connects a world's host to a broker: subscriptions, acknowledgement when durable, commands, Will and state.
func (w *world) attach(address, id string) (detach func()) {
	w.t.Helper()
	w.now = time.Now() // the peer has the machine's clock
	will, _ := w.host.Will(w.now)
	o := paho.NewClientOptions().AddBroker("tcp://"+address).SetClientID(id).SetAutoReconnect(false).SetAutoAckDisabled(true).SetOrderMatters(true).
		SetBinaryWill(will.Topic, will.Payload, 1, true).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
			w.mu.Lock()
			w.now = time.Now()
			w.mu.Unlock()
			w.host.Message(context.Background(), Message{Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retained: m.Retained()}, func(err error) {
				if err == nil {
					m.Ack()
				}
			})
		})
	c := paho.NewClient(o)
	if t := c.Connect(); !t.WaitTimeout(5*time.Second) || t.Error() != nil {
		w.t.Fatal(t.Error())
	}
	w.host.o.Send = func(topic string, payload []byte, qos byte, retained bool) error {
		w.mu.Lock()
		w.sent = append(w.sent, sentMessage{topic, slices.Clone(payload), qos, retained})
		w.mu.Unlock()
		c.Publish(topic, qos, retained, payload)
		return nil
	}
	filters := map[string]byte{}
	for _, f := range w.host.Filters() {
		filters[f] = 1
	}
	if t := c.SubscribeMultiple(filters, nil); !t.WaitTimeout(5*time.Second) || t.Error() != nil {
		w.t.Fatal(t.Error())
	}
	if err := w.host.Online(); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { w.host.Run(ctx); close(ended) }()
	return sync.OnceFunc(func() { cancel(); <-ended; c.Disconnect(100) })
}

// await waits until the samples told contain each of these, without their times.
func (w *world) await(what string, want ...string) {
	w.t.Helper()
	var got []string
	for end := time.Now().Add(10 * time.Second); ; {
		w.settle()
		for _, row := range w.told() {
			series, rest, _ := strings.Cut(row, "@")
			_, value, _ := strings.Cut(rest, "=")
			got = append(got, series+"="+value)
		}
		missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
		if len(missing) == 0 {
			return
		}
		if time.Now().After(end) {
			w.book.mu.Lock()
			defer w.book.mu.Unlock()
			w.t.Fatalf("%s: missing %v\namong %v\ntroubles %v", what, missing, got, w.book.troubles)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// edgePeer is the edge node of npm sparkplug-client.
type edgePeer struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
}

func startEdge(t *testing.T, address string) *edgePeer {
	t.Helper()
	cmd := exec.Command("node", "sparkplug-edge.mjs", "mqtt://"+address, "G", "E")
	cmd.Dir = peertest.Node(t, "sparkplug-client")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &edgePeer{t, cmd, in, make(chan string, 1000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { cmd.Process.Kill(); <-read; cmd.Wait() })
	return p
}

// line waits for a line.
func (p *edgePeer) line(want string) {
	p.t.Helper()
	for {
		select {
		case got := <-p.lines:
			if strings.HasPrefix(got, want) {
				return
			}
		case <-time.After(20 * time.Second):
			p.t.Fatalf("the edge node does not say %q", want)
		}
	}
}

func (p *edgePeer) do(format string, args ...any) {
	p.t.Helper()
	fmt.Fprintf(p.in, format+"\n", args...)
}

// An edge node that others wrote, a broker that others wrote, and a host that comes late.
func TestEdgeNodeOfOthersThroughMosquitto(t *testing.T) {
	address := peertest.Mosquitto(t)
	seen := make(chan struct{}, 10)
	observer := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("observer").SetAutoReconnect(false))
	if tok := observer.Connect(); tok.Wait() && tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	observer.Subscribe(dBirth, 0, func(paho.Client, paho.Message) { seen <- struct{}{} }).Wait()
	peer := startEdge(t, address)
	peer.line("born")
	<-seen // the births have passed the broker, and nobody of ours has heard them
	observer.Disconnect(100)
	w := newWorld(t, Config{Host: "jingwei"})
	detach := w.attach(address, "host-1")
	defer detach()

	peer.do("data 1")
	peer.line("ncmd 1")
	w.await("a late host asks for the births", "G/E|uptime=7", "G/E/D|t=21", "G/E/D|i8=-12", "G/E/D|i16=-1200", "G/E/D|i32=-1", "G/E/D|i64=-12345678901234",
		"G/E/D|u8=200", "G/E/D|u32=4000000000", "G/E/D|u64=12345678901234", "G/E/D|f=1.5", "G/E/D|b=true", "G/E/D|s=汉字", "G/E/D|nul=null!80000000",
		"G/E/D|poor=3!40900000", "G/E/D|m1/rpm=1500", "G/E/D|m1/on=true", "G/E/D|ds[0].id=0", "G/E/D|ds[0].name=row 0")
	w.book.mu.Lock()
	for _, s := range w.book.series {
		if strings.Contains(s, "bdSeq") || strings.Contains(s, "Node Control") || strings.Contains(s, "_types_") {
			t.Errorf("%s is bound to a point", s)
		}
	}
	w.book.mu.Unlock()
	peer.do("data 2")
	w.await("by alias", "G/E/D|t=22", "G/E/D|i32=-2")
	peer.do("template 1600")
	w.await("a template", "G/E/D|m1/rpm=1600")
	peer.do("dataset 3")
	w.await("a data set that has grown", "G/E/D|ds[2].id=-2", "G/E/D|ds[2].name=row 2")

	peer.do("ddeath")
	w.await("death of the device", "G/E/D|t=null!80310000", "G/E/D|m1/rpm=null!80310000")
	peer.do("dbirth")
	w.await("birth of the device", "G/E/D|t=22")

	w.pass(time.Second) // the births are saved
	detach()
	w.restart(Config{Host: "jingwei"})
	w.commands()
	peer.do("mute on")
	detach = w.attach(address, "host-2")
	defer detach()
	peer.do("data 3")
	w.await("a restarted host knows the aliases", "G/E/D|t=23", "G/E/D|i32=-3")
	if c := w.commands(); len(c) > 0 {
		t.Errorf("asked for births: %v", c)
	}
	w.codes()
	peer.do("quit")
	w.await("the Will", "G/E|uptime=null!80310000", "G/E/D|t=null!80310000", "G/E/D|ds[0].id=null!80310000")
	if w.isAlive("G/E") || w.isAlive("G/E/D") {
		t.Error("alive")
	}
	w.expectCodes("nothing was wrong")
}

// Somebody else says that this host is offline: the broker's retained state must end up online again.
func TestTheStateIsAssertedAgainAtMosquitto(t *testing.T) {
	address := peertest.Mosquitto(t)
	w := newWorld(t, Config{Host: "jingwei"})
	detach := w.attach(address, "host")
	defer detach()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("other").SetAutoReconnect(false))
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		w.t.Fatal(t.Error())
	}
	defer c.Disconnect(100)
	c.Publish("spBv1.0/STATE/jingwei", 1, true, `{"online":false,"timestamp":1}`).Wait()
	states := make(chan string, 100)
	c.Subscribe("spBv1.0/STATE/jingwei", 1, func(_ paho.Client, m paho.Message) { states <- string(m.Payload()) }).Wait()
	for end := time.After(10 * time.Second); ; {
		select {
		case s := <-states:
			if strings.HasPrefix(s, `{"online":true,`) {
				return
			}
		case <-end:
			t.Fatal("not asserted")
		}
	}
}
