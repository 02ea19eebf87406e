package ceremony

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/scrutin/scrutin/proof/prover"
)

// Phase1 is a first phase of one's own, after some contributions. It is not safe for concurrent use.
type Phase1 struct {
	follow
	n    int
	last *mpcsetup.Phase1
}

// OpenPhase1 reads and verifies the contributions that are in a ceremony's directory to a first phase
// of its own, for one relation. In an empty directory the phase begins.
func OpenPhase1(ctx context.Context, fsys fs.FS, r prover.Relation) (*Phase1, error) {
	n, err := domain(r)
	if err != nil {
		return nil, err
	}
	return openPhase1(ctx, fsys, r, n)
}

func openPhase1(ctx context.Context, fsys fs.FS, r prover.Relation, n int) (*Phase1, error) {
	p := &Phase1{n: n, last: mpcsetup.NewPhase1(uint64(n)), follow: follow{next: header{phase: 1, relation: r, number: 1}}}
	there, err := count(fsys, phase1Dir)
	if err != nil {
		return nil, err
	}
	for i := range there {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("ceremony: %w", err)
		}
		name := Phase1File(i + 1)
		file, err := read(fsys, name, maxHeader+shapeSize(p.shape()))
		if err == nil {
			err = p.append(file)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

// shape is the layout of gnark's bytes: proofs for tau, alpha, beta; n; beta in G2; the powers in G1 and G2 from the
// second on; beta and alpha times the powers; the challenge.
func (p *Phase1) shape() []field {
	return slices.Concat(updateProof, updateProof, updateProof, []field{
		{number: binary.BigEndian.AppendUint64(nil, uint64(p.n)), points: 1, size: packed2},
		{points: 2*p.n - 2, size: packed1},
		{points: p.n - 1, size: packed2},
		{points: 2 * p.n, size: packed1},
		challengeField,
	})
}

// append verifies the next contribution.
func (p *Phase1) append(file []byte) error {
	name, body, err := p.check(file, p.shape())
	if err != nil {
		return err
	}
	next := new(mpcsetup.Phase1)
	if err := decode(next, body); err != nil {
		return fmt.Errorf("%w: by %q: %w", ErrMalformed, name, err)
	}
	for i, what := range []string{"tau", "alpha", "beta"} {
		if idle(body[i*(packed1+packed2):]) {
			return fmt.Errorf("%w: by %q: it leaves %s as it was", ErrInvalid, name, what)
		}
	}
	if err := p.last.Verify(next); err != nil {
		return fmt.Errorf("%w: by %q: %w", ErrInvalid, name, err)
	}
	p.last = next
	p.add(name, file)
	return nil
}

// Contributions returns who has contributed, in order.
func (p *Phase1) Contributions() []Contribution { return slices.Clone(p.made) }

// Contribute adds a contribution with fresh secrets and returns its file, which belongs to
// [Phase1File] of the number of all contributions. Name is a line of at most [MaxNameBytes].
func (p *Phase1) Contribute(name string) ([]byte, error) {
	next := p.next
	next.name = name
	if err := p.open(); err != nil {
		return nil, err
	}
	if err := p.room(); err != nil {
		return nil, err
	}
	if err := p.free(name); err != nil {
		return nil, err
	}
	head, err := next.encode()
	if err != nil {
		return nil, err
	}
	erased(p.last.Contribute) // in place: from here on nothing is refused
	body, err := encode(p.last)
	if err != nil {
		return nil, err
	}
	file := append(head, body...)
	p.add(name, file)
	return file, nil
}

// Seal ends the phase with a beacon and returns the powers. It wants [MinContributors] at least. The phase
// takes no more contributions then: open it again.
func (p *Phase1) Seal(beacon Beacon) (*Powers, error) {
	if err := p.enough(); err != nil {
		return nil, err
	}
	if err := beacon.check(); err != nil {
		return nil, err
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	srs := p.last.Seal(beacon.Value) // in place
	p.last = nil
	return newPowers(p.next.relation, srs, Origin{Contributions: p.Contributions(), Beacon: beacon})
}

// open refuses to go on with a phase that was sealed.
func (p *Phase1) open() error {
	if p.last == nil {
		return fmt.Errorf("%w: the phase has ended", ErrOrder)
	}
	return nil
}

// gnarks is what gnark reads and writes.
type gnarks interface {
	io.ReaderFrom
	io.WriterTo
}

func encode(v gnarks) ([]byte, error) {
	var b bytes.Buffer
	if _, err := v.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	return b.Bytes(), nil
}

// decode reads gnark's bytes, whose layout was checked, and refuses what is not their only encoding.
func decode(into gnarks, body []byte) error {
	r := bytes.NewReader(body)
	if _, err := into.ReadFrom(r); err != nil {
		return err
	}
	again, err := encode(into)
	if err == nil && !bytes.Equal(again, body) {
		err = errors.New("not the encoding of its content")
	}
	return err
}
