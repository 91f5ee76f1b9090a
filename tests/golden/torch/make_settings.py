"""Settings as training scripts keep them beside their weights, and tensors of every kind. Written with PyTorch 1.13 and Python 3.11.

    python3 make_settings.py

settings.pt, settings.legacy.protocol1.pt, settings.protocol5.pt   {"state_dict": two tensors, "settings": objects of some sixty classes}
kinds.pt                                                          parameters and subclasses of tensors; sparse, complex, quantised ones
module.pt                                                         a pickled module, beside which no state dict is kept
"""
import torch, collections, datetime, enum, dataclasses, pathlib, argparse, functools, re, decimal, fractions, uuid, types, sys, operator, numpy as np, array, ipaddress, logging
class Colour(enum.Enum):
    RED=1; BLUE='b'
class Flags(enum.IntFlag):
    A=1; B=2
@dataclasses.dataclass
class Config:
    lr: float = 0.1
    name: str = 'x'
    inner: object = None
class Slots:
    __slots__=('a','b')
    def __reduce__(s): return (Slots,(),None)
    def __init__(s): s.a=1; s.b=2
class EasyDict(dict):
    def __getattr__(s,n): return s[n]
class MyList(list): pass
class MyStr(str): pass
class MyInt(int): pass
Point=collections.namedtuple('Point','x y')
class Node:
    def __init__(s,p=None): s.parent=p; s.children=[]; s.value=torch.ones(2) if p is None else 3
def func(x): return x
class Sub(torch.Tensor): pass
def ok(v,proto):
    import pickle
    try: pickle.dumps(v,proto); return True
    except Exception: return False
def settings():
    n=Node(); n.children.append(Node(n)); n.children.append(Node(n))
    rec=[]; rec_obj=Node(); rec_obj.self=rec_obj
    e=EasyDict(a=1,b={'c':2}); e.t=5
    return dict(dt=datetime.datetime(2024,1,2,3,4,5,tzinfo=datetime.timezone.utc), td=datetime.timedelta(1), d=datetime.date(2020,1,1),
      dq=collections.deque([1,2],maxlen=4), cnt=collections.Counter('abca'), od=collections.OrderedDict(a=1), dd=collections.defaultdict(list,{'k':[1]}),
      chain=collections.ChainMap({'a':1}), fs=frozenset([1,2]), st={1,2,3}, path=pathlib.PosixPath('results'), col=Colour.RED, fl=Flags.A|Flags.B, cfg=Config(inner=Config()), sl=Slots(),
      e=e, ml=MyList([1,2]), ms=MyStr('q'), mi=MyInt(4), ns=argparse.Namespace(lr=1e-4, model='DiT-XL/2'), sns=types.SimpleNamespace(a=1),
      part=functools.partial(func, 1, k=2), rx=re.compile('a.*b'), dec=decimal.Decimal('1.5'), fr=fractions.Fraction(1,3), slc=slice(1,2,3), rng=range(3), cx=1+2j, by=b'abc', ba=bytearray(b'abc'),
      nps=np.float64(1.5), npa=np.arange(6).reshape(2,3), npf=np.asfortranarray(np.ones((2,3))), npo=np.array(['a','b']), npb=np.bool_(True), npdt=np.dtype('f4'), rs=np.random.RandomState(0).get_state(), rng2=np.random.default_rng(1),
      uid=uuid.uuid4(), typ=int, fn=func, ell=..., dtype=torch.float16, dev=torch.device('cuda:0'), size=torch.Size([1,2]), pt=Point(1,2), node=n, rec=rec_obj, big=10**30, neg=-5, nan=float('nan'), inf=float('inf'), none=None, tup=(1,2,3,4,5), u='\u00e9\n\\', op=operator.itemgetter(1), ip=ipaddress.ip_address('1.2.3.4'), arr=array.array('i',[1,2]), gen=torch.Generator().get_state(), lvl=logging.getLogger('x'), fmt=torch.contiguous_format, method=Config.__init__, exc=ValueError('x'), lambda_keys={(1,2):3, Colour.RED:4}, emp=(), emptyset=set(), deep=[[[[[[1]]]]]], boolean=True, rebuilt=torch.nn.Parameter(torch.ones(2)))
def weights():
    return collections.OrderedDict(a=torch.arange(6.).view(2,3), b=torch.ones(3,dtype=torch.float16))
if __name__ == '__main__':
    for name, protocol, is_zip in (('settings', 2, True), ('settings.legacy.protocol1', 1, False), ('settings.protocol5', 5, True)):
        kept = {key: value for key, value in settings().items() if ok(value, protocol)}
        torch.save({'state_dict': weights(), 'settings': kept}, f'{name}.pt', pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    p = torch.nn.Parameter(torch.arange(3.))
    p.extra = 'x'
    torch.save({
        'p': p, 'sub': torch.arange(4.).as_subclass(Sub), 'sparse': torch.eye(3).to_sparse(), 'csr': torch.eye(3).to_sparse_csr(),
        'complex': torch.ones(2, dtype=torch.complex64), 'double': torch.ones(2, dtype=torch.complex128),
        'quantised': torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8), 'a': torch.ones(2), 'storage': torch.ones(3).storage(),
        'nested': [torch.ones(1), {'z': torch.zeros(2)}], 'meta': torch.ones(2, device='meta')}, 'kinds.pt')
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)), 'module.pt')
