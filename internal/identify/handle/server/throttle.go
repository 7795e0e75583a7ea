package server

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// throttle is a budget of packets for each source: an IPv4 address, or an IPv6 /56. Sources share a table of fixed size by
// their hash, so that no number of forged sources costs memory; two that meet in a row share its budget. It allocates
// nothing and takes no lock.
type throttle struct {
	rate, burst int64
	seed        maphash.Seed
	rows        []atomic.Uint64 // high half: ticks of the last packet; low half: thousandths of packets left, odd once used
}

const throttleRows = 1 << 16

func newThrottle(rate, burst int) *throttle {
	return &throttle{rate: int64(rate), burst: int64(min(burst, 4_000_000)), seed: maphash.MakeSeed(), rows: make([]atomic.Uint64, throttleRows)}
}

// tick is the unit of a row's time.
const tick = 16 * time.Millisecond

// allow takes so many packets off a source's budget; false, and nothing taken, when there are not as many left.
func (t *throttle) allow(from netip.Addr, now time.Time, packets int) bool {
	if t.rate < 0 {
		return true
	}
	cost := int64(packets) * 1000
	row := &t.rows[t.row(from)]
	ticks := uint32(now.UnixNano() / int64(tick))
	for {
		old := row.Load()
		tokens := int64(uint32(old))
		if old == 0 {
			tokens = t.burst * 1000
		} else if passed := ticks - uint32(old>>32); passed < 1<<31 {
			tokens = min(tokens+int64(passed)*t.rate*int64(tick)/int64(time.Millisecond), t.burst*1000)
		}
		if tokens < cost {
			return false
		}
		if row.CompareAndSwap(old, uint64(ticks)<<32|uint64(uint32(tokens-cost))|1) {
			return true
		}
	}
}

func (t *throttle) row(from netip.Addr) uint64 {
	b := from.As16()
	if from.Is6() && !from.Is4In6() {
		clear(b[7:])
	}
	return maphash.Bytes(t.seed, b[:]) & (throttleRows - 1)
}

// fingerprint tells packets of one source and request apart from others.
func fingerprint(seed maphash.Seed, from netip.AddrPort, packet []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	b := from.Addr().As16()
	h.Write(b[:])
	var port [2]byte
	binary.BigEndian.PutUint16(port[:], from.Port())
	h.Write(port[:])
	h.Write(packet)
	return h.Sum64()
}
