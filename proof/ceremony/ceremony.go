package ceremony

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"slices"

	groth16 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/scrutin/scrutin/proof/prover"
)

// Ceremony is a second phase, after some contributions. It is not safe for concurrent use.
type Ceremony struct {
	follow
	powers *Powers
	start  *start
	begun  [sha256.Size]byte // digest of the start
	last   *mpcsetup.Phase2
}

// Open reads and verifies all files of a ceremony that are there: the powers and, if they are from a first phase of
// one's own, its contributions; the start; and the contributions to the second phase, numbered from 1
// without a gap. The error names the first file that is wrong, and who made it. That contributions at the end are
// missing cannot be seen here: the manifest's provenance says where the ceremony ended.
func Open(ctx context.Context, fsys fs.FS) (*Ceremony, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	there, err := count(fsys, ".")
	if err != nil {
		return nil, err
	}
	raw, err := read(fsys, StartFile, maxStart)
	if err != nil {
		return nil, err
	}
	r, err := startRelation(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", StartFile, err)
	}
	n, err := domain(r)
	if err != nil {
		return nil, err
	}
	powers, origin, err := openPowers(ctx, fsys, r, n)
	if err != nil {
		return nil, err
	}
	s, err := parseStart(raw, powers, origin)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", StartFile, err)
	}
	c := &Ceremony{powers: powers, start: s, begun: sha256.Sum256(raw), last: &s.first}
	c.next = header{phase: 2, relation: r, number: 1, previous: c.begun}
	for i := range there {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("ceremony: %w", err)
		}
		name := ContributionFile(i + 1)
		file, err := read(fsys, name, maxHeader+shapeSize(c.shape()))
		if err == nil {
			err = c.append(file)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, nil
}

// maxStart is more than the largest relation's start has.
const maxStart = 5 << 20

// shape is the layout of gnark's bytes: no commitments; delta; K of the private wires; Z; delta in G2; the proof; the challenge.
func (c *Ceremony) shape() []field {
	first := &c.start.first.Parameters.G1
	list := func(n int) field {
		return field{number: binary.BigEndian.AppendUint32(nil, uint32(n)), points: n, size: packed1}
	}
	return slices.Concat([]field{
		{number: []byte{0, 0}, points: 1, size: packed1}, list(len(first.PKK)), list(len(first.Z)), {points: 1, size: packed2},
	}, updateProof, []field{challengeField})
}

// append verifies the next contribution.
func (c *Ceremony) append(file []byte) error {
	name, body, err := c.check(file, c.shape())
	if err != nil {
		return err
	}
	next := new(mpcsetup.Phase2)
	if err := decode(next, body); err != nil {
		return fmt.Errorf("%w: by %q: %w", ErrMalformed, name, err)
	}
	if idle(body[len(body)-shapeSize(updateProof)-shapeSize([]field{challengeField}):]) {
		return fmt.Errorf("%w: by %q: it leaves delta as it was", ErrInvalid, name)
	}
	if err := c.last.Verify(next); err != nil {
		return fmt.Errorf("%w: by %q: %w", ErrInvalid, name, err)
	}
	c.last = next
	c.add(name, file)
	return nil
}

// Relation returns the relation whose keys are made.
func (c *Ceremony) Relation() prover.Relation { return c.next.relation }

// Powers returns what the first phase ended in.
func (c *Ceremony) Powers() *Powers { return c.powers }

// Contributions returns who has contributed to the second phase, in order.
func (c *Ceremony) Contributions() []Contribution { return slices.Clone(c.made) }

// Contribute adds a contribution with a fresh secret and returns its file, which belongs to
// [ContributionFile] of the number of all contributions. Name is a line of at most [MaxNameBytes]; nobody may
// contribute twice. It takes less than a second.
func (c *Ceremony) Contribute(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ceremony: %w", err)
	}
	if err := c.room(); err != nil {
		return nil, err
	}
	if err := c.free(name); err != nil {
		return nil, err
	}
	h := c.next
	h.name = name
	head, err := h.encode()
	if err != nil {
		return nil, err
	}
	next := c.clone()
	erased(next.Contribute)
	body, err := encode(next)
	if err != nil {
		return nil, err
	}
	file := append(head, body...)
	c.last = next
	c.add(name, file)
	return file, nil
}

// clone copies the lists that gnark changes in place.
func (c *Ceremony) clone() *mpcsetup.Phase2 {
	p := *c.last
	p.Parameters.G1.Z = slices.Clone(p.Parameters.G1.Z)
	p.Parameters.G1.PKK = slices.Clone(p.Parameters.G1.PKK)
	return &p
}

// Finalize ends the ceremony with a beacon and returns the proving key, which has the verifying key, and the
// transcript. Everybody who has the files gets the same. It wants [MinContributors] at least. The
// beacon has to be public randomness of a time after the last contribution, of a source that was
// named before; so that of a first phase of one's own is refused.
func (c *Ceremony) Finalize(ctx context.Context, beacon Beacon) (*prover.ProvingKey, *Transcript, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, fmt.Errorf("ceremony: %w", err)
	}
	if err := c.enough(); err != nil {
		return nil, nil, err
	}
	if err := beacon.check(); err != nil {
		return nil, nil, err
	}
	if err := c.powers.origin.unused(&beacon); err != nil {
		return nil, nil, err
	}
	evals := c.start.evals
	sealedPK, sealedVK := c.clone().Seal(&c.powers.srs, &evals, beacon.Value)
	key, err := prover.NewProvingKey(c.next.relation, sealedPK.(*groth16.ProvingKey), sealedVK.(*groth16.VerifyingKey))
	if err != nil {
		return nil, nil, err
	}
	_, circuit, err := c.next.relation.Constraints()
	if err != nil {
		return nil, nil, err
	}
	return key, &Transcript{
		Relation:      c.next.relation,
		Circuit:       circuit,
		Powers:        c.powers.digest,
		Origin:        c.powers.origin,
		Start:         c.begun,
		Contributions: c.Contributions(),
		Beacon:        beacon,
		VerifyingKey:  key.VerifyingKey().Digest(),
		ProvingKey:    key.Digest(),
	}, nil
}
