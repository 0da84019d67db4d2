"""Label the images in tar shards, as WebDataset writes them: label_tars.py OUT SHARD...

Each task reads a shard as a stream, so the shards must be files that the workers can open.

spark-submit --archives finetune.tar.gz#finetune --py-files finetune_spark.zip label_tars.py labels.parquet /data/shard-*.tar
"""

import sys
import tarfile

from finetune_spark import predict
from pyspark.sql import SparkSession

IMAGES = (".jpg", ".jpeg", ".png", ".webp")


def members(shard):
    with tarfile.open(shard, "r|*") as tar:
        for member in tar:
            if member.isfile() and member.name.lower().endswith(IMAGES):
                yield shard, member.name, tar.extractfile(member).read()


out, shards = sys.argv[1], sys.argv[2:]
spark = SparkSession.builder.appName("label shards").getOrCreate()
images = spark.sparkContext.parallelize(shards, len(shards)).flatMap(members)
rows = spark.createDataFrame(images, "shard string, name string, content binary")
predict(rows, "content").write.parquet(out)
