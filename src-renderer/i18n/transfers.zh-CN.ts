import type { TransferFormula } from '@contract/methods'

/** What a client transfers in a round, by the English formula in the contract. */
export const transfersZhCn: Readonly<Record<TransferFormula, string>> = {
  '2 O_d': '2 O_d',
  '2 O_d of the narrower network': '2 O_d（较窄的网络）',
  '2 O_s': '2 O_s',
  '2 O_s, and the new mask down after an update; dense vectors up in update rounds if the criteria need them':
    '2 O_s，更新之后下发新掩码；若准则需要，更新轮上传稠密向量',
  '2 O_s, and the new mask down after an update; a dense gradient up if the drop criterion needs it':
    '2 O_s，更新之后下发新掩码；若剪除准则需要，上传稠密梯度',
  '2 O_s, and the new mask down after an update': '2 O_s，更新之后下发新掩码',
  '2 O_s, and a dense gradient up in update rounds': '2 O_s，更新轮上传稠密梯度',
  '2 O_s, and dense momentum up in update rounds': '2 O_s，更新轮上传稠密动量',
  '2 O_s; a dense gradient up in update rounds when λ > 0': '2 O_s；λ > 0 时更新轮上传稠密梯度',
  '2 O_s, above the target at first; a dense gradient up in update rounds when λ > 0':
    '2 O_s，起初高于目标；λ > 0 时更新轮上传稠密梯度',
  '2 O_s, falling from 2 O_d, and a dense gradient up in update rounds': '由 2 O_d 降到 2 O_s，更新轮上传稠密梯度',
  '2 O_s, falling from 2 O_d': '由 2 O_d 降到 2 O_s',
  '2 O_s of the backward set, and its bitmap down': '反向集合的 2 O_s，下发其位图',
  '2 O_d at first, 2 O_s in the end, and the mask down when it changes': '起初 2 O_d，最终 2 O_s，掩码变化时下发',
  'O_d down and up once, then 2 O_s': '一次下发并上传 O_d，此后 2 O_s',
  '3 O_d down and 2 O_d up once, then 2 O_s': '一次下发 3 O_d、上传 2 O_d，此后 2 O_s',
  'O_s down and O_d up in each step, then 2 O_s': '每步下发 O_s、上传 O_d，此后 2 O_s',
  'O_s down and values alone up in each step, then 2 O_s': '每步下发 O_s、仅上传数值，此后 2 O_s',
  'O_d once, then 2 O_s': '一次 O_d，此后 2 O_s',
  '2 O_s, and the client’s mask in update rounds': '2 O_s，更新轮另加客户端掩码',
  '2 O_s; up O_d + O_s in update rounds; dense once at one client':
    '2 O_s；更新轮上传 O_d + O_s；一个客户端有一次稠密传输',
  '2 O_s, and a warm-up at a few clients': '2 O_s，少数客户端另有一次预热',
  '2 O_s of the client’s own mask, and the mask when it prunes': '客户端自身掩码的 2 O_s，剪枝时另加掩码',
  'O_s down, O_s and the mask up': '下发 O_s，上传 O_s 与掩码',
  'O_s down, O_s and the mask up; dense down in round 0': '下发 O_s，上传 O_s 与掩码；第 0 轮下发稠密模型',
  '2 O_s + O_ξ of one layer in update rounds': '2 O_s，更新轮另加一层的 O_ξ',
  '2 O_s, the directions down and the mask up in update rounds': '2 O_s，更新轮下发方向、上传掩码',
  '2 O_s + ½ O_ξ: positions without values in update rounds': '2 O_s，更新轮另加 ½ O_ξ：只有位置、没有数值',
  '32 bits for every filter and neuron, each way': '每个滤波器与神经元每个方向 32 比特',
  '2 O_s as the published code counts: 32 bits a value, those of round 0 free; a new mask down one bit a weight, up one bit an active weight':
    '2 O_s，按发布代码计：每个数值 32 比特，第 0 轮的数值不计；新掩码下发每个权重 1 比特，上传每个活跃权重 1 比特',
  '2 O_s as the published code counts: 32 bits a value, those of round 0 free; the mask down in every round, one bit a weight':
    '2 O_s，按发布代码计：每个数值 32 比特，第 0 轮的数值不计；每轮下发掩码，每个权重 1 比特',
}
