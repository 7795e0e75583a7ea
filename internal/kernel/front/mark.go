package front

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/pires/go-proxyproto"
)

// ErrForged: a PROXY header that no process of this deployment wrote, or that was changed on the way.
var ErrForged = errors.New("the PROXY header is not of a process of this deployment")

// markType is the TLV of ours in a PROXY header, of the range that the protocol leaves to applications; its value is
// markVersion, the length of the client's first bytes (32 bit, big endian) and their MAC.
const (
	markType    = proxyproto.PP2_TYPE_MIN_CUSTOM
	markVersion = 1
	markLen     = 1 + 4 + sha256.Size
)

// introduce writes the header of a connection that is piped, and the client's first bytes.
func introduce(key []byte, door string, client, reached *net.TCPAddr, hello []byte) ([]byte, error) {
	h := proxyproto.HeaderProxyFromAddrs(2, client, reached)
	if h.Command != proxyproto.PROXY {
		return nil, fmt.Errorf("no PROXY header can be written of a client at %v that reached %v", client, reached)
	}
	value := make([]byte, 5, markLen)
	value[0] = markVersion
	binary.BigEndian.PutUint32(value[1:], uint32(len(hello)))
	value = append(value, mac(key, door, client, reached, hello)...)
	if err := h.SetTLVs([]proxyproto.TLV{{Type: markType, Value: value}}); err != nil {
		return nil, err
	}
	b, err := h.Format()
	return append(b, hello...), err
}

// recognise reads what introduce wrote: who the client is, and its first bytes. Errors: ErrForged, those of reading.
func recognise(r *bufio.Reader, key []byte, door string) (client *net.TCPAddr, hello []byte, err error) {
	h, err := proxyproto.Read(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read the PROXY header: %w", err)
	}
	client, reached, ok := h.TCPAddrs()
	tlvs, err := h.TLVs()
	if h.Version != 2 || h.Command != proxyproto.PROXY || !ok || err != nil {
		return nil, nil, ErrForged
	}
	for _, t := range tlvs {
		if t.Type != markType || len(t.Value) != markLen || t.Value[0] != markVersion {
			continue
		}
		n := binary.BigEndian.Uint32(t.Value[1:])
		if len(key) == 0 || n > MaxHello+bufferSize {
			return nil, nil, ErrForged
		}
		hello = make([]byte, n)
		if _, err := io.ReadFull(r, hello); err != nil {
			return nil, nil, fmt.Errorf("read the client's first bytes after the PROXY header: %w", err)
		}
		if !hmac.Equal(t.Value[5:], mac(key, door, client, reached, hello)) {
			return nil, nil, ErrForged
		}
		return client, hello, nil
	}
	return nil, nil, ErrForged
}

func mac(key []byte, door string, client, reached *net.TCPAddr, hello []byte) []byte {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "jingwei/front/%d\x00%s\x00", markVersion, door)
	for _, a := range []*net.TCPAddr{client, reached} {
		m.Write(a.IP.To16())
		_ = binary.Write(m, binary.BigEndian, uint16(a.Port))
	}
	m.Write(hello) // last: the only part whose length is not fixed or marked
	return m.Sum(nil)
}
