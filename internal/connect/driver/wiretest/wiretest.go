// Package wiretest lets an independent judge read what a driver or simulator has put on the wire: frames become a
// capture file with synthesised TCP/IP headers, and Debian's tshark dissects it. Only tests use it.
package wiretest

import (
	"encoding/csv"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"jingwei/internal/connect/driver"
	"jingwei/internal/peertest"
)

// Capture collects the frames of one connection, seen from the client.
type Capture struct {
	mu     sync.Mutex
	frames []driver.Frame
}

// Trace is to be given to a driver. It may be called from any goroutine.
func (c *Capture) Trace(f driver.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Data = append([]byte(nil), f.Data...)
	c.frames = append(c.frames, f)
}

// Frames returns what was seen so far.
func (c *Capture) Frames() []driver.Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]driver.Frame(nil), c.frames...)
}

// Clear forgets what was seen.
func (c *Capture) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = nil
}

// Write makes a capture file in a temporary folder and returns its path. port is the server's.
func (c *Capture) Write(t testing.TB, port uint16) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capture.pcap")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := pcapgo.NewWriter(file)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	const clientPort = 40000
	client, server := net.IP{192, 0, 2, 1}, net.IP{192, 0, 2, 2}
	seq, at := map[bool]uint32{true: 1000, false: 5000}, time.Unix(1_700_000_000, 0)
	packet := func(sent bool, tcp layers.TCP, data []byte) {
		ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: client, DstIP: server}
		tcp.SrcPort, tcp.DstPort, tcp.Window = clientPort, layers.TCPPort(port), 65535
		if !sent {
			ip.SrcIP, ip.DstIP = server, client
			tcp.SrcPort, tcp.DstPort = layers.TCPPort(port), clientPort
		}
		tcp.Seq, tcp.Ack = seq[sent], seq[!sent]
		eth := layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
		if err := tcp.SetNetworkLayerForChecksum(&ip); err != nil {
			t.Fatal(err)
		}
		b := gopacket.NewSerializeBuffer()
		opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		if err := gopacket.SerializeLayers(b, opts, &eth, &ip, &tcp, gopacket.Payload(data)); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Millisecond)
		info := gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}
		if err := w.WritePacket(info, b.Bytes()); err != nil {
			t.Fatal(err)
		}
		seq[sent] += uint32(len(data))
		if tcp.SYN {
			seq[sent]++
		}
	}
	packet(true, layers.TCP{SYN: true}, nil)
	packet(false, layers.TCP{SYN: true, ACK: true}, nil)
	packet(true, layers.TCP{ACK: true}, nil)
	for _, f := range c.Frames() {
		packet(f.Sent, layers.TCP{ACK: true, PSH: true}, f.Data)
	}
	return path
}

// Row is what tshark says of one frame: field name to its values, in order.
type Row map[string][]string

// First returns the first value of a field, or "".
func (r Row) First(field string) string {
	if len(r[field]) == 0 {
		return ""
	}
	return r[field][0]
}

// Dissect runs tshark over a capture file and returns one row per frame of the protocol that filter selects. decode is
// like "tcp.port==1502,mbtcp". The test is skipped where tshark is not installed.
func Dissect(t testing.TB, path, decode, filter string, fields ...string) []Row {
	t.Helper()
	args := []string{"-r", path, "-d", decode, "-Y", filter, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
		"-T", "fields", "-E", "separator=,", "-E", "quote=d", "-E", "occurrence=a", "-E", "aggregator=|"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(peertest.Require(t, "tshark"), args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, complaints.String())
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		t.Fatalf("tshark's table: %v\n%s", err, out)
	}
	list := make([]Row, len(rows))
	for i, r := range rows {
		list[i] = Row{}
		for k, f := range fields {
			if r[k] != "" {
				list[i][f] = strings.Split(r[k], "|")
			}
		}
	}
	return list
}

// Numbers reads values that tshark prints in decimal or as 0x….
func Numbers(t testing.TB, values []string) []int64 {
	t.Helper()
	out := make([]int64, len(values))
	for i, v := range values {
		n, err := strconv.ParseInt(v, 0, 64)
		if err != nil {
			t.Fatalf("tshark says %q where a number was expected", v)
		}
		out[i] = n
	}
	return out
}
