package promql

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/stats"

	"jingwei/internal/telemetry"
)

// queryError is a query or selector that the parser or the engine refuses; its words are theirs.
type queryError struct {
	parameter string
	err       error
}

func (e *queryError) Error() string {
	return fmt.Sprintf("invalid parameter %q: %v", e.parameter, e.err)
}
func (e *queryError) Unwrap() error { return e.err }

// query answers /query: the value of an expression at one time.
func (a *asking) query(r *http.Request) (*answer, error) {
	at, err := timeOf(r, "time", time.Unix(0, a.now).UTC())
	if err != nil {
		return nil, err
	}
	return a.evaluate(r, func(ctx context.Context, o engine.QueryOpts) (engine.Query, error) {
		return a.engine.NewInstantQuery(ctx, a, o, r.Form.Get("query"), at)
	})
}

// queryRange answers /query_range: the values of an expression at each step of a span.
func (a *asking) queryRange(r *http.Request) (*answer, error) {
	start, err := timeOf(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	end, err := timeOf(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	if end.Before(start) {
		return nil, refuse("end", r.Form.Get("end"), endsBefore)
	}
	step, ok, err := durationOf(r, "step")
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, refuse("step", "", noDuration)
	}
	if step < time.Millisecond { // the engine would divide by zero
		return nil, refuse("step", r.Form.Get("step"), tooShort)
	}
	// In milliseconds, which is what the engine counts in: a span of thousands of years is longer than a time.Duration.
	if (end.UnixMilli()-start.UnixMilli())/step.Milliseconds() > int64(a.o.MaxPoints) {
		return nil, ErrPoints.At("query.step", r.Form.Get("step")).With("max", a.o.MaxPoints)
	}
	return a.evaluate(r, func(ctx context.Context, o engine.QueryOpts) (engine.Query, error) {
		return a.engine.NewRangeQuery(ctx, a, o, r.Form.Get("query"), start, end, step)
	})
}

// evaluate reads what both kinds of query have in common, and runs it.
func (a *asking) evaluate(r *http.Request, build func(context.Context, engine.QueryOpts) (engine.Query, error)) (*answer, error) {
	limit, err := countOf(r, "limit")
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	timeout, given, err := durationOf(r, "timeout")
	if err != nil {
		return nil, err
	}
	if given {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	if err := a.remember(r); err != nil {
		return nil, err
	}
	expr, err := a.parser.ParseExpr(r.Form.Get("query"))
	if err != nil {
		return nil, &queryError{parameter: "query", err: err}
	}
	if err := checkSubqueries(expr); err != nil {
		return nil, &queryError{parameter: "query", err: err}
	}
	lookback, given, err := durationOf(r, "lookback_delta")
	if err != nil {
		return nil, err
	}
	if !given {
		if lookback, err = a.lookbackOf(ctx, expr); err != nil {
			return nil, err
		}
	}
	a.lookback = lookback.Milliseconds()
	q, err := build(ctx, engine.NewPrometheusQueryOpts(false, lookback))
	if err != nil {
		var late engine.ErrQueryTimeout
		var gone engine.ErrQueryCanceled
		if ctx.Err() != nil || errors.As(err, &late) || errors.As(err, &gone) {
			return nil, err
		}
		return nil, &queryError{parameter: "query", err: err}
	}
	res := q.Exec(ctx)
	if res.Err != nil {
		q.Close()
		return nil, res.Err
	}
	out := &answer{value: res.Value, query: r.Form.Get("query"), warnings: res.Warnings, done: q.Close}
	if limit > 0 {
		out.limit(limit)
	}
	if r.Form.Get("stats") != "" {
		out.stats = stats.NewQueryStats(q.Stats())
	}
	return out, nil
}

// checkSubqueries refuses steps that the engine, which counts in milliseconds, takes for zero and divides by.
func checkSubqueries(expr parser.Expr) (err error) {
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.SubqueryExpr); ok && s.Step > 0 && s.Step < time.Millisecond {
			err = fmt.Errorf("the step of a subquery must be at least 1ms, got %s", s.Step)
		}
		return err
	})
	return err
}

// remember reads asOf: a time of this node's clock. What came or was corrected later is not in the answer.
func (a *asking) remember(r *http.Request) error {
	if r.Form.Get("asOf") == "" {
		return nil
	}
	t, err := timeOf(r, "asOf", time.Time{})
	if err != nil {
		return err
	}
	if y := t.Year(); y < 1970 || y > 2199 {
		return refuse("asOf", r.Form.Get("asOf"), noTime)
	}
	a.asOf, err = a.o.Store.AsOf(t.UnixNano())
	var open *telemetry.NotClosedError
	if errors.As(err, &open) {
		return ErrAsOf.At("query.asOf", r.Form.Get("asOf")).With("closed", time.Unix(0, open.Closed).UTC().Format(time.RFC3339Nano)).Because(err)
	}
	if err != nil {
		return &nodeError{err}
	}
	return nil
}

// format answers /format_query.
func (a *asking) format(r *http.Request) (*answer, error) {
	expr, err := a.parser.ParseExpr(r.Form.Get("query"))
	if err != nil {
		return nil, &queryError{parameter: "query", err: err}
	}
	return &answer{data: expr.Pretty(0)}, nil
}
