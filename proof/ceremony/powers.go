package ceremony

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	pairings "github.com/consensys/gnark-crypto/ecc/bn254/mpcsetup"
	"github.com/consensys/gnark/backend/groth16/bn254/mpcsetup"

	"github.com/scrutin/scrutin/internal/wire"
	"github.com/scrutin/scrutin/proof/prover"
)

const powersMagic = "scrutin powers v1\n"

// Powers are what a first phase ends in, as many as a relation needs: the powers of a secret tau, in both
// groups and times two further secrets alpha and beta. Whoever knows tau forges memberships, so
// where powers come from matters: [Powers.Origin].
type Powers struct {
	relation prover.Relation
	srs      mpcsetup.SrsCommons
	origin   Origin
	digest   [sha256.Size]byte
}

// Origin says where powers come from: a public ceremony, which is named, or a first phase of one's own.
type Origin struct {
	Source string // what the powers were taken from, in one line; "" for a first phase of one's own

	Contributions []Contribution // of a first phase of one's own
	Beacon        Beacon         // that it ended with
}

// domain is the number n of powers: that of the relation's rows, rounded up to a power of two.
func domain(r prover.Relation) (int, error) {
	rows, _, err := r.Constraints()
	if err != nil {
		return 0, err
	}
	return int(ecc.NextPowerOfTwo(uint64(rows.GetNbConstraints()))), nil
}

// Origin says where the powers come from.
func (p *Powers) Origin() Origin { return p.origin }

// Digest returns the SHA-256 of [Powers.Bytes]. It does not depend on what the origin is called: powers from
// the same file for the same relation have the same digest.
func (p *Powers) Digest() [sha256.Size]byte { return p.digest }

// Bytes returns the content of [PowersFile].
func (p *Powers) Bytes() []byte { return encodePowers(&p.srs) }

func encodePowers(srs *mpcsetup.SrsCommons) []byte {
	var w wire.Writer
	w.Raw([]byte(powersMagic))
	w.Uint32(uint32(len(srs.G2.Tau)))
	put1(&w, srs.G1.Tau...)
	put1(&w, srs.G1.AlphaTau...)
	put1(&w, srs.G1.BetaTau...)
	put2(&w, srs.G2.Tau...)
	put2(&w, srs.G2.Beta)
	return w.Bytes()
}

func powersSize(n int) int { return len(powersMagic) + 4 + (4*n-1)*size1 + (n+1)*size2 }

// makeRoom makes room for n powers.
func makeRoom(n int) (srs mpcsetup.SrsCommons) {
	srs.G1.Tau = make([]bn254.G1Affine, 2*n-1)
	srs.G1.AlphaTau = make([]bn254.G1Affine, n)
	srs.G1.BetaTau = make([]bn254.G1Affine, n)
	srs.G2.Tau = make([]bn254.G2Affine, n)
	return srs
}

// newPowers checks powers, whose points are in their groups, for a relation.
func newPowers(r prover.Relation, srs mpcsetup.SrsCommons, origin Origin) (*Powers, error) {
	if err := checkPowers(&srs); err != nil {
		return nil, fmt.Errorf("%w: powers: %w", ErrInvalid, err)
	}
	p := &Powers{relation: r, srs: srs, origin: origin}
	p.digest = sha256.Sum256(p.Bytes())
	return p, nil
}

// checkPowers checks that the lists are the powers of one tau, times 1, alpha and beta, with the same beta
// in both groups, and that somebody contributed.
func checkPowers(srs *mpcsetup.SrsCommons) error {
	_, _, g1, g2 := bn254.Generators()
	tau, alpha, beta := srs.G1.Tau, srs.G1.AlphaTau, srs.G1.BetaTau
	switch {
	case !tau[0].Equal(&g1), !srs.G2.Tau[0].Equal(&g2):
		return errors.New("the first one is not the generator")
	case tau[1].X.Equal(&g1.X), alpha[0].X.Equal(&g1.X), beta[0].X.Equal(&g1.X):
		return errors.New("tau, alpha or beta is 1 or -1: nobody contributed")
	case tau[len(alpha)].Equal(&g1):
		return errors.New("tau is a root of unity")
	}
	if err := sameRatio(beta[0], g1, srs.G2.Beta, g2); err != nil {
		return fmt.Errorf("beta differs in the two groups: %w", err)
	}
	if err := pairings.SameRatioMany(tau, srs.G2.Tau, alpha, beta); err != nil {
		return fmt.Errorf("not the powers of one number: %w", err)
	}
	return nil
}

// openPowers reads and checks the powers in a directory, and the contributions of a first phase of one's own.
func openPowers(ctx context.Context, fsys fs.FS, r prover.Relation, n int) (*Powers, [sha256.Size]byte, error) {
	fail := func(err error) (*Powers, [sha256.Size]byte, error) { return nil, [sha256.Size]byte{}, err }
	raw, err := read(fsys, OriginFile, maxDocument)
	if err != nil {
		return fail(err)
	}
	origin, digest, err := parseOrigin(raw)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", OriginFile, err))
	}
	b, err := read(fsys, PowersFile, powersSize(n))
	if err != nil {
		return fail(err)
	}
	if sha256.Sum256(b) != digest {
		return fail(fmt.Errorf("%w: %s is not the file that %s names", ErrForeign, PowersFile, OriginFile))
	}
	p, err := parsePowers(b, r, n, *origin)
	if err != nil {
		return fail(err)
	}
	if p.origin.Source == "" {
		if err := p.replay(ctx, fsys); err != nil {
			return fail(err)
		}
	}
	return p, sha256.Sum256(raw), nil
}

func parsePowers(b []byte, r prover.Relation, n int, origin Origin) (*Powers, error) {
	in := wire.NewReader(b)
	if magic := in.Raw(len(powersMagic)); string(magic) != powersMagic {
		return nil, fmt.Errorf("%w: %s does not start with %q", ErrMalformed, PowersFile, powersMagic)
	}
	if got := in.Uint32(); int64(got) != int64(n) || len(b) != powersSize(n) {
		return nil, fmt.Errorf("%w: %s has %d powers in %d bytes, %v needs %d in %d", ErrForeign, PowersFile, got, len(b), r, n, powersSize(n))
	}
	srs := makeRoom(n)
	take1(in, "tau", srs.G1.Tau)
	take1(in, "alpha", srs.G1.AlphaTau)
	take1(in, "beta", srs.G1.BetaTau)
	take2(in, "tau in G2", srs.G2.Tau)
	beta := make([]bn254.G2Affine, 1)
	take2(in, "beta in G2", beta)
	srs.G2.Beta = beta[0]
	if err := in.Done(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, PowersFile, err)
	}
	return newPowers(r, srs, origin)
}

// replay checks that the powers are those of the first phase in the directory.
func (p *Powers) replay(ctx context.Context, fsys fs.FS) error {
	round, err := openPhase1(ctx, fsys, p.relation, len(p.srs.G2.Tau))
	if err != nil {
		return err
	}
	sealed, err := round.Seal(p.origin.Beacon)
	if err != nil {
		return err
	}
	if sealed.digest != p.digest || !sealed.origin.equal(&p.origin) {
		return fmt.Errorf("%w: %s and %s are not what the contributions in %s end in", ErrForeign, PowersFile, OriginFile, phase1Dir)
	}
	return nil
}
