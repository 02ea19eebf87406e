package tally

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/scrutin/scrutin/elgamal"
	"github.com/scrutin/scrutin/internal/babyjub"
)

// Open opens the sums of the report with the shares of at least the threshold of trustees and
// counts. Every share given must be good: one that is altered, of another tally, of no trustee,
// or the second of a trustee is refused by name. It needs a recount without fault and a quorum of
// endorsements.
func (r *Report) Open(ctx context.Context, shares ...*Share) (*Result, error) {
	if err := r.recounted(); err != nil {
		return nil, err
	}
	if err := r.quorum(); err != nil { //check:shares/quorum
		return nil, err
	}
	byTrustee := make(map[int]*Share, len(shares))
	for i, s := range shares {
		if s == nil {
			return nil, fmt.Errorf("tally: %w: share %d of the list is nil", ErrMalformed, i+1)
		}
		if err := r.verifyShare(s); err != nil {
			return nil, err
		}
		if byTrustee[s.Trustee] != nil { //check:shares/trustee
			return nil, fmt.Errorf("tally: share of %s: %w", r.trustee(s.Trustee), ErrDuplicate)
		}
		byTrustee[s.Trustee] = s
	}
	return r.open(ctx, byTrustee)
}

// open is Open for shares that are verified.
func (r *Report) open(ctx context.Context, shares map[int]*Share) (*Result, error) {
	threshold := r.manifest.Threshold()
	if len(shares) < threshold {
		return nil, fmt.Errorf("tally: %w: %d shares, %d are needed to open", ErrMissing, len(shares), threshold)
	}
	openings := make(map[int]*elgamal.Share, len(shares))
	for j, s := range shares {
		openings[j] = &s.opening
	}
	points, err := elgamal.Combine(threshold, openings, r.sums)
	if err != nil {
		return nil, fmt.Errorf("tally: %w: %w", ErrInvalid, err)
	}
	totals, err := logarithms(ctx, points)
	if err != nil {
		return nil, err
	}
	tallies, err := r.manifest.Decode(totals)
	if err != nil {
		return nil, fmt.Errorf("tally: %w: %w", ErrInvalid, err)
	}
	outcomes, err := count(r.manifest, r.CountedWeight, tallies)
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	return &Result{
		Subject: r.subject, Ballots: r.Counted, Weight: r.CountedWeight,
		Questions: outcomes, manifest: r.manifest,
	}, nil
}

// logBounds are tried in turn, so that small totals do not wait for the table that large ones
// need. A plaintext is below the last of them by the packing of the ballots; Decode then refuses
// every total that is above what the manifest's weight allows.
var logBounds = [...]uint64{1 << 20, 1 << 28, 1 << 36, elgamal.MaxBound}

// logarithms returns m for each point 8*m*G.
func logarithms(ctx context.Context, points []babyjub.Point) ([]uint64, error) {
	totals := make([]uint64, len(points))
	errs := make([]error, len(points))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(points)) {
		wait.Go(func() {
			for k := range next {
				totals[k], errs[k] = logarithm(ctx, &points[k])
			}
		})
	}
	for k := range points {
		next <- k
	}
	close(next)
	wait.Wait()
	for k, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("tally: sum %d: %w", k+1, err)
		}
	}
	return totals, nil
}

func logarithm(ctx context.Context, p *babyjub.Point) (m uint64, err error) {
	for _, bound := range logBounds {
		table, err := elgamal.NewLogTable(bound)
		if err != nil {
			return 0, err
		}
		m, err = table.Solve(ctx, p)
		if !errors.Is(err, elgamal.ErrOutOfRange) {
			return m, err
		}
	}
	return 0, fmt.Errorf("%w: %w", ErrInvalid, elgamal.ErrOutOfRange)
}
