package babyjub

import "github.com/consensys/gnark-crypto/ecc/bn254/fr"

// lanes is a vector of points in extended coordinates, and of others that are
// added to them, lane by lane. Its arithmetic is that of gnark-crypto's vectors:
// where the machine has AVX-512, a product costs less there than one alone if there
// are some tens of them; a multiple of 8 is best. It is not for secrets.
type lanes struct {
	x, y, z, t      fr.Vector
	minus, plus, td fr.Vector // what addNiels adds: (y-x)/2, (y+x)/2, dt
	a, f            fr.Vector
}

func newLanes(n int) *lanes {
	v := make(fr.Vector, 9*n)
	at := func(i int) fr.Vector { return v[i*n : (i+1)*n] }
	return &lanes{at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8)}
}

// first returns the first n lanes, which it shares.
func (p *lanes) first(n int) lanes {
	return lanes{p.x[:n], p.y[:n], p.z[:n], p.t[:n], p.minus[:n], p.plus[:n], p.td[:n], p.a[:n], p.f[:n]}
}

// setIdentity sets all lanes to the identity.
func (p *lanes) setIdentity() {
	for i := range p.x {
		p.x[i], p.y[i], p.z[i], p.t[i] = fr.Element{}, feOne, feOne, fr.Element{}
	}
}

// setNeutral makes addNiels add the identity from a lane on.
func (p *lanes) setNeutral(from int) {
	for i := from; i < len(p.x); i++ {
		p.minus[i], p.plus[i], p.td[i] = feHalf, feHalf, fr.Element{}
	}
}

// setNiels sets all lanes to (minus, plus, td). It is Point.setNiels.
func (p *lanes) setNiels() {
	p.x.Sub(p.plus, p.minus)
	p.y.Add(p.plus, p.minus)
	p.t.Mul(p.x, p.y)
	for i := range p.z {
		p.z[i] = feOne
	}
}

// get sets q to a lane and returns q.
func (p *lanes) get(i int, q *Point) *Point {
	*q = Point{p.x[i], p.y[i], p.z[i], p.t[i]}
	return q
}

// set sets a lane to q.
func (p *lanes) set(i int, q *Point) { p.x[i], p.y[i], p.z[i], p.t[i] = q.x, q.y, q.z, q.t }

// addNiels adds (minus, plus, td) to all lanes. It is Point.addNiels.
func (p *lanes) addNiels() {
	p.a.Sub(p.y, p.x)
	p.y.Add(p.y, p.x)
	p.a.Mul(p.a, p.minus) // A
	p.y.Mul(p.y, p.plus)  // B
	p.t.Mul(p.t, p.td)    // C
	p.x.Sub(p.y, p.a)     // E
	p.y.Add(p.y, p.a)     // H
	p.f.Sub(p.z, p.t)     // F
	p.z.Add(p.z, p.t)     // G
	p.t.Mul(p.x, p.y)
	p.x.Mul(p.x, p.f)
	p.y.Mul(p.y, p.z)
	p.z.Mul(p.z, p.f)
}

// add adds q to all lanes.
func (p *lanes) add(q *lanes) {
	p.minus.Sub(q.y, q.x)
	p.plus.Add(q.y, q.x)
	p.td.ScalarMul(q.t, &curve2D)
	p.z.Mul(p.z, q.z)
	p.z.Add(p.z, p.z)
	p.addNiels()
}
