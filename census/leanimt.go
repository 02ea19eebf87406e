package census

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/scrutin/scrutin/internal/poseidon"
)

// levels returns a level and all those above it, each half as long, up to a single node.
func levels(ctx context.Context, level *column[fr.Element]) ([]*column[fr.Element], error) {
	out := []*column[fr.Element]{level}
	for level.len() > 1 {
		above := newColumn[fr.Element]((level.len() + 1) / 2)
		if err := parallel(ctx, above.len(), func(i int) { *above.at(i) = parent(level, i) }); err != nil {
			return nil, err
		}
		out = append(out, above)
		level = above
	}
	return out, nil
}

// parent returns node i of the level above.
func parent(level *column[fr.Element], i int) fr.Element {
	if 2*i+1 == level.len() {
		return *level.at(2 * i) // a lone left child is carried up
	}
	return poseidon.Hash2(level.at(2*i), level.at(2*i+1))
}

// raise computes the nodes above leaf i, which is new or has changed.
func (t *Tree) raise(i int) {
	for k := 0; t.levels[k].len() > 1; k++ {
		if k+1 == len(t.levels) {
			t.levels = append(t.levels, new(column[fr.Element]))
		}
		i /= 2
		t.levels[k+1].put(i, parent(t.levels[k], i))
	}
}

// parallel calls f for 0 to n - 1 on all cores, until it is done or the context is.
func parallel(ctx context.Context, n int, f func(i int)) error {
	const chunk = 256
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			end := int(next.Add(chunk))
			if end-chunk >= n {
				return
			}
			for i := end - chunk; i < min(end, n); i++ {
				f(i)
			}
		}
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	return ctx.Err()
}
