package ballot

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/scrutin/scrutin/internal/babyjub"
	"github.com/scrutin/scrutin/proof"
)

// Verifier checks the ballots of one election. It is safe for concurrent use.
type Verifier struct {
	m     *Manifest
	key   *proof.VerifyingKey
	known cache // digests of credentials that were checked
}

// VerifierOption is an option of NewVerifier.
type VerifierOption func(*options)

type options struct{ keys []*proof.VerifyingKey }

// AcceptKey accepts memberships proved under vk, if it is the key that the manifest names.
// Whoever keeps the trapdoor of a key's set-up can vote without being in the census: read
// MembershipInfo.Provenance before you accept.
func AcceptKey(vk *proof.VerifyingKey) VerifierOption {
	return func(o *options) { o.keys = append(o.keys, vk) }
}

// NewVerifier returns a verifier of the election m. The verifying key of its memberships is one of
// Semaphore's ceremony ([proof.SemaphoreKey]), of a depth that is not below the census's, or has to be
// accepted with AcceptKey; otherwise the error is ErrUnknownKey. So it is if the manifest says that its
// key is the ceremony's ([proof.Semaphore]) and it is not, whatever was accepted.
func NewVerifier(m *Manifest, opts ...VerifierOption) (*Verifier, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	info := m.draft.Membership
	if depth, ok := proof.SemaphoreDepth(info.VerifyingKey); ok {
		if depth < m.draft.Census.Depth { //check:verifying-key/depth
			return nil, fmt.Errorf("%w: the ceremony's key of depth %d does not reach all members of a census of depth %d", ErrUnknownKey, depth, m.draft.Census.Depth)
		}
		vk, err := proof.SemaphoreKey(depth)
		if err != nil {
			return nil, fmt.Errorf("ballot: %w", err)
		}
		o.keys = append(o.keys, vk)
	} else if info.Provenance == proof.Semaphore {
		return nil, fmt.Errorf("%w: the manifest names the verifying key %x as of the %s, and it is not", ErrUnknownKey, info.VerifyingKey, info.Provenance)
	}
	for _, vk := range o.keys {
		if vk == nil || vk.Digest() != info.VerifyingKey { //check:verifying-key/digest
			continue
		}
		if vk.Weighted() != m.draft.Census.Weighted { //check:verifying-key/weighted
			return nil, fmt.Errorf("%w: verifying key %x and the census differ in whether votes have weights", ErrUnknownKey, info.VerifyingKey)
		}
		return &Verifier{m: m, key: vk}, nil
	}
	return nil, fmt.Errorf("%w: the manifest names the verifying key %x (%s): if you trust its set-up, pass that key with AcceptKey", ErrUnknownKey, info.VerifyingKey, info.Provenance)
}

// Election returns the id of the election whose ballots v checks.
func (v *Verifier) Election() ElectionID { return v.m.id }

// Verify checks one ballot: its membership proof, its arguments and its signature. The error
// says which check failed; its kind is ErrInvalid, or ErrUnknownElection for a ballot
// of another election. Whether the ballot counts is for a Rulebook to say.
func (v *Verifier) Verify(ctx context.Context, b *Ballot) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	if err := v.belongs(b); err != nil {
		return err
	}
	id := b.credential()
	if !v.known.has(id) {
		claim := v.claim(b)
		if err := v.key.Verify(&claim); err != nil {
			return invalidMembership(err)
		}
		v.known.add(id)
	}
	p, err := v.m.prepare(b)
	if err != nil {
		return err
	}
	return p.exact()
}

// VerifyBatch checks many ballots at once and returns the verdict of each, which is what
// Verify says of it. A batch that is empty or was cancelled is an error, and has no verdicts.
//
// A few hundred to a few thousand ballots make a good batch; larger ones gain little.
func (v *Verifier) VerifyBatch(ctx context.Context, ballots []*Ballot) ([]error, error) {
	if len(ballots) == 0 {
		return nil, errors.New("ballot: an empty batch")
	}
	verdicts := make([]error, len(ballots))
	for i, b := range ballots {
		verdicts[i] = v.belongs(b)
	}
	if err := v.verifyCredentials(ctx, ballots, verdicts); err != nil {
		return nil, fmt.Errorf("ballot: batch of %d: %w", len(ballots), err)
	}

	workers := runtime.GOMAXPROCS(0)
	size := min((len(ballots)+workers-1)/workers, batchSize)
	var wg sync.WaitGroup
	starts := make(chan int)
	for range min(workers, (len(ballots)+size-1)/size) {
		wg.Go(func() {
			for start := range starts {
				end := min(start+size, len(ballots))
				v.verifyChunk(ctx, ballots[start:end], verdicts[start:end])
			}
		})
	}
	for start := 0; start < len(ballots); start += size {
		starts <- start
	}
	close(starts)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ballot: batch of %d: %w", len(ballots), err)
	}
	return verdicts, nil
}

// batchSize bounds the ballots of one multi-scalar multiplication.
const batchSize = 1024

func (v *Verifier) belongs(b *Ballot) error {
	switch {
	case b == nil:
		return fmt.Errorf("%w: no ballot", ErrMalformed)
	case b.election != v.m.id: //check:ballot/election
		return fmt.Errorf("%w: election id %s, this is %s", ErrUnknownElection, b.election, v.m.id)
	}
	return nil
}

// claim is what the ballot's membership proof has to prove in this election.
func (v *Verifier) claim(b *Ballot) proof.Claim {
	return proof.Claim{
		Membership: proof.Membership{
			Root:      v.m.draft.Census.Root,
			Nullifier: b.voter.nullifier,
			Weight:    b.voter.weight,
			Proof:     b.voter.membership,
		},
		Scope:   proof.Scope(v.m.id),
		Message: credentialMessage(v.m.id, b.voter.keyBytes),
	}
}

func invalidMembership(err error) error {
	return fmt.Errorf("%w: membership proof: %w", ErrInvalid, err)
}

// credential is the digest of the ballot's nullifier, K, weight and membership proof, which
// lie side by side.
func (b *Ballot) credential() [32]byte {
	return sha256.Sum256(b.raw[1+32 : ballotHeadSize-4])
}

// verifyCredentials sets the verdicts of ballots whose membership proof fails. Each credential
// is checked once.
func (v *Verifier) verifyCredentials(ctx context.Context, ballots []*Ballot, verdicts []error) error {
	ids := make([][32]byte, len(ballots))
	position := map[[32]byte]int{}
	var claims []proof.Claim
	for i, b := range ballots {
		if verdicts[i] != nil {
			continue
		}
		ids[i] = b.credential()
		if _, ok := position[ids[i]]; ok || v.known.has(ids[i]) {
			continue
		}
		position[ids[i]] = len(claims)
		claims = append(claims, v.claim(b))
	}
	if len(claims) == 0 {
		return ctx.Err()
	}
	results, err := v.key.VerifyBatch(ctx, claims)
	if err != nil {
		return err
	}
	for i := range ballots {
		if verdicts[i] != nil {
			continue
		}
		if p, ok := position[ids[i]]; !ok {
			continue
		} else if results[p] != nil {
			verdicts[i] = invalidMembership(results[p])
		} else {
			v.known.add(ids[i])
		}
	}
	return nil
}

// verifyChunk sets the verdicts of the arguments and signatures of ballots that have none.
func (v *Verifier) verifyChunk(ctx context.Context, ballots []*Ballot, verdicts []error) {
	list := make([]*prepared, 0, len(ballots))
	for i, b := range ballots {
		if ctx.Err() != nil {
			return
		}
		if verdicts[i] != nil {
			continue
		}
		p, err := v.m.prepare(b)
		if err != nil {
			verdicts[i] = err
			continue
		}
		p.verdict = &verdicts[i]
		list = append(list, p)
	}
	if len(list) > 0 {
		v.settle(ctx, list, false)
	}
}

// settle finds the ballots of the list that fail, by halves. knownBad says that there is one. It
// reports whether it found one.
func (v *Verifier) settle(ctx context.Context, list []*prepared, knownBad bool) (bad bool) {
	if ctx.Err() != nil {
		return false
	}
	if len(list) == 1 {
		*list[0].verdict = list[0].exact()
		return *list[0].verdict != nil
	}
	if !knownBad && v.m.together(list) {
		return false
	}
	half := len(list) / 2
	bad = v.settle(ctx, list[:half], false)
	return v.settle(ctx, list[half:], !bad) || bad
}

// prepared is a ballot whose challenges are drawn and whose scalar equations hold.
type prepared struct {
	m       *Manifest
	b       *Ballot
	y       []weights        // by question
	x       []babyjub.Scalar // by question
	c       babyjub.Scalar   // of the signature
	verdict *error
}

// prepare draws the challenges and checks equation (v) of each question.
func (m *Manifest) prepare(b *Ballot) (*prepared, error) {
	p := m.draw(b)
	for i := range m.layouts {
		if !p.constraints(i) {
			return nil, m.failed(i, constraintsName)
		}
	}
	return p, nil
}

func (m *Manifest) draw(b *Ballot) *prepared {
	p := &prepared{m: m, b: b, y: make([]weights, len(m.layouts)), x: make([]babyjub.Scalar, len(m.layouts))}
	shared := m.statementTranscript(&b.voter, b.sequence, b.questions)
	for i, l := range m.layouts {
		p.y[i], p.x[i] = b.questions[i].argument.challenges(m.questionTranscript(shared, i), l)
	}
	signed := b.raw[:len(b.raw)-signatureSize]
	p.c = b.signature.Challenge(ballotSignatureTranscript(m.id, signed), &b.voter.key)
	return p
}

const constraintsName = "(v), the rule's constraints"

// constraints reports whether question i's equation (v) holds:
//
//	sum v_k C_k(f) = x sum v_k c_k + alpha
func (p *prepared) constraints(i int) bool { //check:ballot/argument-constraints
	l, a, v := p.m.layouts[i], &p.b.questions[i].argument, p.y[i].v
	left := l.combineConstraints(v, a.f)
	right := l.combineRight(v)
	right.Mul(&right, &p.x[i])
	right.Add(&right, &a.alpha)
	return left.Equal(&right)
}

func (m *Manifest) failed(question int, equation string) error {
	return fmt.Errorf("%w: question %q: equation %s", ErrInvalid, m.draft.Questions[question].ID, equation)
}

// sum is a sum of multiples of points: of the fixed ones by their coefficients, of others in
// a list.
type sum struct {
	g, h, f babyjub.Scalar
	bases   []babyjub.Scalar // of G_1 ..
	scalars []babyjub.Scalar
	points  []babyjub.Point
}

func (s *sum) add(scalar *babyjub.Scalar, p *babyjub.Point) {
	s.scalars = append(s.scalars, *scalar)
	s.points = append(s.points, *p)
}

// subtract sets c = c - e*z.
func subtract(c, e, z *babyjub.Scalar) {
	var t babyjub.Scalar
	c.Sub(c, t.Mul(e, z))
}

// vanishes reports whether 8 times the sum is the identity.
func (s *sum) vanishes(m *Manifest) bool {
	scalars := append(s.scalars, s.g, s.h, s.f)
	points := append(s.points, *babyjub.NewGenerator(), *m.key.Point(), *baseF())
	scalars = append(scalars, s.bases...)
	points = append(points, basesG(len(s.bases))...)
	total := babyjub.VarTimeMultiScalarMul(scalars, points)
	return total.IsSmallOrder()
}

// The group equations, each as a sum that vanishes, times e, added to s. Question i's four:
//
//	(i)   x V + V_a - sum f_i G_i - z_rho F
//	(ii)  x sum u_j A_j + T_A - z_r G
//	(iii) x sum u_j B_j + T_B - (sum u_j L_j(f)) G - z_r H
//	(iv)  x K1 + K0 - (sum w_i f_i (x - f_i)) G - z_tau F

func (p *prepared) openings(i int, e *babyjub.Scalar, s *sum) { //check:ballot/argument-commitment
	a := &p.b.questions[i].argument
	var ex babyjub.Scalar
	s.add(ex.Mul(e, &p.x[i]), &a.v)
	s.add(e, &a.va)
	for len(s.bases) < len(a.f) {
		s.bases = append(s.bases, babyjub.Scalar{})
	}
	for k := range a.f {
		subtract(&s.bases[k], e, &a.f[k])
	}
	subtract(&s.f, e, &a.zRho)
}

func (p *prepared) randomness(i int, e *babyjub.Scalar, s *sum) { //check:ballot/argument-randomness
	q := &p.b.questions[i]
	var ex, exu babyjub.Scalar
	ex.Mul(e, &p.x[i])
	for j := range q.ciphertexts {
		s.add(exu.Mul(&ex, &p.y[i].u[j]), &q.ciphertexts[j].A)
	}
	s.add(e, &q.argument.ta)
	subtract(&s.g, e, &q.argument.zR)
}

func (p *prepared) plaintexts(i int, e *babyjub.Scalar, s *sum) { //check:ballot/argument-plaintexts
	q := &p.b.questions[i]
	var ex, exu babyjub.Scalar
	ex.Mul(e, &p.x[i])
	for j := range q.ciphertexts {
		s.add(exu.Mul(&ex, &p.y[i].u[j]), &q.ciphertexts[j].B)
	}
	s.add(e, &q.argument.tb)
	value := p.m.layouts[i].combineForms(p.y[i].u, q.argument.f)
	subtract(&s.g, e, &value)
	subtract(&s.h, e, &q.argument.zR)
}

func (p *prepared) bits(i int, e *babyjub.Scalar, s *sum) { //check:ballot/argument-bits
	a := &p.b.questions[i].argument
	var ex, value, t babyjub.Scalar
	s.add(ex.Mul(e, &p.x[i]), &a.k1)
	s.add(e, &a.k0)
	for k := range a.f {
		t.Sub(&p.x[i], &a.f[k])
		t.Mul(&t, &a.f[k])
		value.Add(&value, t.Mul(&t, &p.y[i].w[k]))
	}
	subtract(&s.g, e, &value)
	subtract(&s.f, e, &a.zTau)
}

// knowledge is the signature's equation, R + c K - z G.
func (p *prepared) knowledge(e *babyjub.Scalar, s *sum) { //check:ballot/signature
	var ec babyjub.Scalar
	s.add(e, &p.b.signature.R)
	s.add(ec.Mul(e, &p.c), &p.b.voter.key)
	subtract(&s.g, e, &p.b.signature.Z)
}

var equations = []struct {
	name string
	add  func(p *prepared, question int, e *babyjub.Scalar, s *sum)
}{
	{"(i), the commitment to the bits", (*prepared).openings},
	{"(ii), the ciphertexts' randomness", (*prepared).randomness},
	{"(iii), the ciphertexts' plaintexts", (*prepared).plaintexts},
	{"(iv), the bits being 0 or 1", (*prepared).bits},
}

// exact checks the group equations one by one, without random weights.
func (p *prepared) exact() error {
	one := new(babyjub.Scalar).SetUint64(1)
	var s sum
	if p.knowledge(one, &s); !s.vanishes(p.m) {
		return fmt.Errorf("%w: signature by the ballot key", ErrInvalid)
	}
	for i := range p.m.layouts {
		for _, equation := range equations {
			var s sum
			if equation.add(p, i, one, &s); !s.vanishes(p.m) {
				return p.m.failed(i, equation.name)
			}
		}
	}
	return nil
}

// together checks all group equations of all ballots as one, each with a random weight of 128
// bits. An equation that fails makes it fail, but for one value of its weight.
func (m *Manifest) together(list []*prepared) bool {
	s := m.weighted(list)
	return s.vanishes(m)
}

// weighted is the sum that together wants to vanish.
func (m *Manifest) weighted(list []*prepared) *sum {
	n := len(list) * (1 + len(equations)*len(m.layouts))
	random := make([]byte, 16*n)
	rand.Read(random) // aborts the program if the random source fails
	next := func() *babyjub.Scalar {
		var wide [64]byte
		copy(wide[48:], random[:16])
		random = random[16:]
		return new(babyjub.Scalar).SetUniformBytes(wide[:])
	}
	terms := 2 // of a ballot's signature
	for _, l := range m.layouts {
		terms += 2*(len(l.forms)+1) + 4
	}
	terms = terms*len(list) + 3 + MaxBits // and the fixed points
	s := sum{scalars: make([]babyjub.Scalar, 0, terms), points: make([]babyjub.Point, 0, terms)}
	for _, p := range list {
		p.knowledge(next(), &s)
		for i := range m.layouts {
			for _, equation := range equations {
				equation.add(p, i, next(), &s)
			}
		}
	}
	return &s
}

// cache remembers digests, the more recent ones: at most 2*cacheSize.
type cache struct {
	mu            sync.Mutex
	recent, older map[[32]byte]struct{}
}

const cacheSize = 1 << 17

func (c *cache) has(id [32]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.recent[id]; ok {
		return true
	}
	if _, ok := c.older[id]; ok {
		c.put(id)
		return true
	}
	return false
}

func (c *cache) add(id [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(id)
}

func (c *cache) put(id [32]byte) {
	if len(c.recent) >= cacheSize {
		c.recent, c.older = nil, c.recent
	}
	if c.recent == nil {
		c.recent = map[[32]byte]struct{}{}
	}
	c.recent[id] = struct{}{}
}
