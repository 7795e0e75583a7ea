package promql

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/snappy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"jingwei/internal/kernel/text"
)

// Bounds of a request of remote read: a query is some matchers, and a server asks one or a few at once.
const (
	maxReadBody    = 1 << 20
	maxReadQueries = 100
)

var (
	noBody     = text.Text{Zh: "正文无法读取，或超过 1 MiB", En: "the body cannot be read, or is larger than 1 MiB"}
	noSnappy   = text.Text{Zh: "正文不是 snappy 压缩，或解压后超过 1 MiB", En: "the body is not compressed with snappy, or is larger than 1 MiB without"}
	noProtobuf = text.Text{Zh: "正文不是 prometheus.ReadRequest", En: "the body is no prometheus.ReadRequest"}
	noMatcher  = text.Text{Zh: "其中一个匹配条件无效", En: "one of its matchers is not valid"}
	manyReads  = text.Text{Zh: "一次最多 100 个查询", En: "it holds more than 100 queries"}
)

// read answers remote read (v1): samples of the series that fit, in one message. A server that would take streamed chunks
// takes samples too.
func (s *Service) read(w http.ResponseWriter, r *http.Request) {
	a, err := s.asked(r)
	if err == nil {
		err = a.read(w, r)
	}
	if err == nil {
		return
	}
	code, message := s.judge(r, err)
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="jingwei", charset="UTF-8"`)
	}
	http.Error(w, message, code) // a server that reads shows the first line
}

func (a *asking) read(w http.ResponseWriter, r *http.Request) error {
	req, err := readRequest(r.Body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.o.Timeout)
	defer cancel()
	turn := a.turns
	if _, err := turn.Insert(ctx, ""); err != nil {
		return err
	}
	defer turn.Delete(0)
	out := prompb.ReadResponse{Results: make([]*prompb.QueryResult, len(req.Queries))}
	left := budget{samples: a.o.MaxRead, series: a.o.MaxSeries}
	for i, q := range req.Queries {
		if out.Results[i], err = a.readQuery(ctx, q, &left); err != nil {
			return err
		}
	}
	data, err := out.Marshal()
	if err != nil {
		return fmt.Errorf("write the answer of remote read: %w", err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Header().Set("Content-Encoding", "snappy")
	_, _ = w.Write(snappy.Encode(nil, data))
	return nil
}

func readRequest(body io.Reader) (*prompb.ReadRequest, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxReadBody+1))
	if err != nil || len(data) > maxReadBody {
		return nil, ErrRead.With("reason", noBody).Because(err)
	}
	if n, err := snappy.DecodedLen(data); err != nil || n > maxReadBody {
		return nil, ErrRead.With("reason", noSnappy).Because(err)
	}
	if data, err = snappy.Decode(nil, data); err != nil {
		return nil, ErrRead.With("reason", noSnappy).Because(err)
	}
	var req prompb.ReadRequest
	if err := req.Unmarshal(data); err != nil {
		return nil, ErrRead.With("reason", noProtobuf).Because(err)
	}
	if len(req.Queries) > maxReadQueries {
		return nil, ErrRead.With("reason", manyReads)
	}
	return &req, nil
}

// matchTypes are those of labels by prompb's.
var matchTypes = map[prompb.LabelMatcher_Type]labels.MatchType{
	prompb.LabelMatcher_EQ: labels.MatchEqual, prompb.LabelMatcher_NEQ: labels.MatchNotEqual,
	prompb.LabelMatcher_RE: labels.MatchRegexp, prompb.LabelMatcher_NRE: labels.MatchNotRegexp,
}

// budget is what the queries of one request may still answer together: a series costs memory too, were it one sample long.
type budget struct{ samples, series int }

func (a *asking) readQuery(ctx context.Context, q *prompb.Query, left *budget) (*prompb.QueryResult, error) {
	matchers := make([]*labels.Matcher, len(q.Matchers))
	for i, m := range q.Matchers {
		typ, ok := matchTypes[m.Type]
		if !ok {
			return nil, ErrRead.With("reason", noMatcher)
		}
		var err error
		if matchers[i], err = labels.NewMatcher(typ, m.Name, m.Value); err != nil {
			return nil, ErrRead.With("reason", noMatcher).Because(err)
		}
	}
	// The hints' bounds are those of the samples that are needed; the query's are the same or wider.
	querier, err := a.Querier(q.StartTimestampMs, q.EndTimestampMs)
	if err != nil {
		return nil, err
	}
	set := querier.Select(ctx, true, nil, matchers...)
	out := &prompb.QueryResult{}
	var it chunkenc.Iterator
	for set.Next() {
		at := set.At()
		it = at.Iterator(it)
		var list []prompb.Sample
		for it.Next() != chunkenc.ValNone {
			if left.samples == 0 {
				return nil, ErrReadLarge.With("max", a.o.MaxRead)
			}
			left.samples--
			t, v := it.At()
			list = append(list, prompb.Sample{Timestamp: t, Value: v})
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
		if len(list) > 0 {
			if left.series == 0 {
				return nil, ErrSeries.With("max", a.o.MaxSeries)
			}
			left.series--
			out.Timeseries = append(out.Timeseries, &prompb.TimeSeries{Labels: prompb.FromLabels(at.Labels(), nil), Samples: list})
		}
	}
	return out, set.Err()
}
