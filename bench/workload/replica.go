package workload

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"

	"jingwei/data"
)

// Recording is a machine as it was recorded: its signals, column by column.
type Recording struct {
	dir     string
	columns [][]float64
}

// ReadMill reads the recorded machine tool of data set cnc_mill_wear in dir, or the part of it that ships with the
// product if dir is empty: all columns that are numbers.
func ReadMill(dir string) (*Recording, error) {
	from := data.Files()
	if dir != "" {
		from = os.DirFS(dir)
	}
	return readRecording(from, dir, "cnc_mill_wear")
}

func readRecording(from fs.FS, dir, dataset string) (*Recording, error) {
	table, err := data.Read(from, dataset)
	if err != nil {
		return nil, err
	}
	r := &Recording{dir: dir}
	for c := range table.Columns {
		column := make([]float64, len(table.Rows))
		for i, row := range table.Rows {
			if column[i], err = strconv.ParseFloat(row[c], 64); err != nil {
				break
			}
		}
		if err == nil {
			r.columns = append(r.columns, column)
		}
	}
	if n := len(r.columns); n == 0 || n > BatchRows {
		return nil, fmt.Errorf("data set %q has %d columns of numbers, 1 to %d are possible", dataset, n, BatchRows)
	}
	return r, nil
}

// Dir is where the recording was read from; empty for what ships with the product.
func (r *Recording) Dir() string { return r.dir }

// replica plays a recording in a loop from a row of its own, each signal scaled and offset, and rounded to three digits
// as the recording is.
type replica struct {
	number  int
	random  uint64
	phase   int64 // of its ticks, ns
	latency int64 // least time until its gateway has its values, ns
	row     int   // at tick 0
	columns [][]uint64
}

func newReplica(r *Recording, seed uint64, number int) *replica {
	m := &replica{number: number, random: mix(seed ^ mix(uint64(number)))}
	next := func(n uint64) uint64 { m.random = mix(m.random); return m.random % n }
	m.phase = int64(next(100)) * 1e6
	m.latency = 1_500_000 + int64(next(2_000_000))
	m.row = int(next(uint64(len(r.columns[0]))))
	for _, from := range r.columns {
		scale := float64(80+next(45)) / 100
		offset := float64((slices.Max(from) - slices.Min(from)) * (float64(next(21))/100 - 0.1))
		column, moves := make([]uint64, len(from)), slices.Min(from) != slices.Max(from)
		for i, x := range from {
			if moves { // what never moves is a setting, not a signal
				x = threeDigits(float64(x*scale) + offset)
			}
			column[i] = math.Float64bits(x)
		}
		m.columns = append(m.columns, column)
	}
	return m
}

// threeDigits rounds to three significant decimal digits.
func threeDigits(x float64) float64 {
	a := math.Abs(x)
	if a < 1e-19 || a >= 1e6 {
		return 0
	}
	p := 1.0
	for ; a < 100; a *= 10 {
		p *= 10
	}
	if p > 1 {
		return math.Round(float64(x*p)) / p
	}
	for ; a >= 1000; a /= 10 {
		p *= 10
	}
	return math.Round(x/p) * p
}

// tell implements ticker: ten ticks are a second.
func (m *replica) tell(b *Batch, tick int, shift int64) {
	m.random = m.random*6364136223846793005 + 1442695040888963407
	time := Start + shift + int64(tick)*1e8 + m.phase + int64(m.random>>40&3)*1e6
	gateway := time + m.latency + int64(m.random>>42&0xfffff)
	first := uint32(m.number * len(m.columns))
	row := (m.row + tick) % len(m.columns[0])
	for c, column := range m.columns {
		b.add(first+uint32(c), time, gateway, column[row], Good, 0)
	}
}
